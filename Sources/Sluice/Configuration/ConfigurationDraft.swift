import SluiceLoop

/// A configuration in the making: what was read so far, and where each part of it came from, so that a check of the whole can
/// still name the place.
struct ConfigurationDraft: Sendable {
    var configuration = PoolConfiguration(mirrors: [])
    private var origins: [String: Origin] = [:]

    /// Where a part was read.
    enum Origin: Sendable {
        /// A flag or a variable, which is the whole place.
        case name(String)
        /// A byte of the file.
        case file(ConfigurationFile, offset: Int)
    }

    /// Notes that the part at `path` was read at `origin`.
    mutating func note(_ path: String, from origin: Origin) { origins[path] = origin }

    /// Forgets where the parts below `root` came from, since they are replaced as a whole.
    mutating func replace(_ root: String) {
        origins = origins.filter { $0.key != root && !$0.key.hasPrefix(root + "[") && !$0.key.hasPrefix(root + ".") }
    }

    /// Sets what was given as a text; several texts only for the mirrors.
    /// - Parameter origin: the flag or variable.
    mutating func set(_ setting: PoolSetting, to texts: [String], from origin: String) throws(SluiceError) {
        replace(setting.rawValue)
        note(setting.rawValue, from: .name(origin))
        guard setting != .mirrors else { return try setMirrors(texts, from: origin) }
        guard let text = texts.last else { return }
        do throws(ConfigurationProblem) {
            switch setting {
            case .redis: configuration.redis = text.isEmpty ? nil : text
            case .pool: configuration.pool = text
            case .listen: configuration.listen = text
            case .fresh: configuration.cache.fresh = try Self.duration(text)
            case .stale: configuration.cache.stale = try Self.duration(text)
            case .memory: configuration.cache.memory = try ByteSizeText.bytes(of: text)
            case .timeout: configuration.timeout = try Self.duration(text)
            case .deadline: configuration.deadline = try Self.duration(text)
            case .lease: configuration.lease = try Self.duration(text)
            case .mirrors: break
            }
        } catch {
            throw place(error, root: setting.rawValue)
        }
    }

    private mutating func setMirrors(_ texts: [String], from origin: String) throws(SluiceError) {
        configuration.mirrors = []
        for (index, text) in texts.enumerated() {
            let path = "mirrors[\(index)]"
            // Several share one name, so each is quoted; up to its first comma it is short enough.
            note(path, from: .name(texts.count == 1 ? origin : "\(origin) “\(MirrorURL.withoutLogin(text).excerpt)”"))
            do throws(ConfigurationProblem) {
                configuration.mirrors.append(try MirrorConfiguration(parsing: text))
            } catch {
                throw place(error, root: path)
            }
        }
    }

    /// The duration that a text names.
    static func duration(_ text: String) throws(ConfigurationProblem) -> Duration {
        do throws(DurationTextError) {
            return try Duration(text: text)
        } catch {
            // A long text would only hide what is wrong with it.
            let reason = text.utf8.count <= 40 ? error.reason : "it is too long"
            throw ConfigurationProblem(
                "“\(text.excerpt)” is no duration: \(reason); write a whole number and a unit, such as 50ms, 60s, 10m, 1h or 1d")
        }
    }

    /// The problem with the place where its part was read: the part itself, or the nearest one around it that is known.
    func place(_ problem: ConfigurationProblem, root: String = "") -> SluiceError {
        var path = problem.path.isEmpty ? root : problem.path
        let whole = path
        while true {
            if let origin = origins[path] {
                switch origin {
                case .name(let name): return ConfigurationProblem(problem.sentence, at: name).error
                case .file(let file, let offset): return file.problem(problem.sentence, at: whole, offset: offset)
                }
            }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = String(path[..<end])
        }
        return ConfigurationProblem(problem.sentence, at: whole).error
    }

    /// The finished configuration, checked.
    /// - Parameter needsMirrors: false for what only talks to Redis.
    func finished(needsMirrors: Bool) throws(SluiceError) -> PoolConfiguration {
        do throws(ConfigurationProblem) {
            if needsMirrors, configuration.mirrors.isEmpty {
                throw ConfigurationProblem(
                    "no mirror is named; give --mirror URL[,limit=30/60s], SLUICE_MIRRORS, or “mirrors” in the file that SLUICE_CONFIG names"
                )
            }
            try configuration.check(needsMirrors: needsMirrors)
        } catch {
            throw place(error)
        }
        return configuration
    }
}
