import SluiceCoordination
import SluiceLoop

extension MirrorConfiguration {
    /// Reads a mirror as `--mirror` and `SLUICE_MIRRORS` have it: `URL[,limit=30/60s][,limit=1000/1d][,burst=5][,concurrency=4][,name=a]`.
    ///
    /// A comma in the URL is written `%2C`. Headers, which may hold credentials, are for the configuration file.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the part that is wrong and what would do.
    public init(text: String) throws(SluiceError) {
        do throws(ConfigurationProblem) { try self.init(parsing: text) } catch { throw error.error }
    }

    init(parsing text: String) throws(ConfigurationProblem) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        self.init(url: String(parts[0]))
        guard !url.isEmpty else {
            throw ConfigurationProblem("the URL is missing; write URL[,limit=30/60s], such as http://127.0.0.1:9001,limit=30/60s")
        }
        for part in parts.dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(sides[0])
            guard Self.textOptions.contains(key), sides.count == 2 else {
                throw ConfigurationProblem(
                    "“\(part.excerpt)” is no option of a mirror\(NearestName.question(key, among: Self.textOptions)); "
                        + "after the URL come limit=30/60s, burst=5, concurrency=4, name=a (write a comma in the URL as %2C)")
            }
            let value = String(sides[1])
            switch key {
            case "limit": limits.append(try Limit(parsing: value))
            case "burst": burst = try Self.count(value, key, after: burst)
            case "concurrency": concurrency = try Self.count(value, key, after: concurrency)
            default:
                guard name.isEmpty else {
                    throw ConfigurationProblem("it has two names, “\(name.excerpt)” and “\(value.excerpt)”; give one")
                }
                guard !value.isEmpty else { throw ConfigurationProblem("its name is empty; write name=a, or leave it out") }
                name = value
            }
        }
    }

    private static let textOptions = ["limit", "burst", "concurrency", "name"]

    private static func count(_ text: String, _ key: String, after known: Int?) throws(ConfigurationProblem) -> Int {
        guard known == nil else { throw ConfigurationProblem("it has two values for \(key); give one") }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text), count >= 1 else {
            throw ConfigurationProblem("\(key)=“\(text.excerpt)” is no count; write a whole number of at least 1, such as \(key)=4")
        }
        return count
    }
}

extension MirrorConfiguration.Limit {
    /// Reads `30/60s`; the units are `ms`, `s`, `m`, `h` and `d`.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the part that is wrong and what would do.
    public init(text: String) throws(SluiceError) {
        do throws(ConfigurationProblem) { try self.init(parsing: text) } catch { throw error.error }
    }

    init(parsing text: String) throws(ConfigurationProblem) {
        guard text.utf8.count <= 64 else {
            throw ConfigurationProblem("“\(text.excerpt)” is no limit; write requests/window, such as 30/60s")
        }
        do throws(RulesError) {
            let limit = try RateLimit(text)
            self.init(Int(limit.count), per: .microseconds(limit.window))
        } catch {
            throw ConfigurationProblem(error.message)
        }
    }

    /// As ``init(text:)`` reads it, in the largest unit that is exact: `30/1m`.
    public var text: String { "\(count)/\(window.text)" }
}
