import SluiceCoordination
import SluiceHTTP
import SluiceLoop

extension PoolConfiguration {
    /// The mirrors with their names and rules, checked.
    func resolvedMirrors() throws(SluiceError) -> [(mirror: Mirror, rules: MirrorRules)] {
        do throws(ConfigurationProblem) { return try checkMirrors() } catch { throw error.error }
    }

    /// The mirrors with their names and rules.
    /// - Throws: where one cannot be used, and why.
    @discardableResult
    func checkMirrors() throws(ConfigurationProblem) -> [(mirror: Mirror, rules: MirrorRules)] {
        var resolved: [(mirror: Mirror, rules: MirrorRules)] = []
        var names: [String: Int] = [:]
        var upstreams: [Upstream: Int] = [:]
        for (index, configured) in mirrors.enumerated() {
            let path = "mirrors[\(index)]"
            let origin: Origin
            do throws(ConfigurationProblem) {
                origin = try MirrorURL.origin(of: configured.url)
            } catch {
                throw ConfigurationProblem(error.sentence, at: "\(path).url")
            }
            var base = configured.url[...]
            while base.last == "/" { base.removeLast() }
            let name = configured.name.isEmpty ? Self.name(of: origin) : configured.name
            if let other = names.updateValue(index, forKey: name) {
                throw ConfigurationProblem(
                    "it has the same name as mirrors[\(other)], “\(name)”; give each mirror a name of its own", at: path)
            }
            let limits = try Self.limits(of: configured, at: path)
            if let burst = configured.burst, let least = configured.limits.map(\.count).min(), burst > least {
                throw ConfigurationProblem(
                    "\(burst) at once is more than the limit of \(least) allows; give at most that, or leave it out", at: "\(path).burst")
            }
            do throws(RulesError) {
                let rules = try MirrorRules(
                    name: name, limits: limits, burst: configured.burst.map(Int64.init), concurrency: configured.concurrency.map(Int64.init)
                )
                resolved.append((Mirror(name: name, url: String(base), headers: configured.headers), rules))
            } catch {
                throw ConfigurationProblem(error.message, at: path)
            }
            try Self.check(configured.headers, at: "\(path).headers")
            let upstream = Upstream(origin: origin, base: base, headers: configured.headers)
            if let twin = upstreams.updateValue(index, forKey: upstream) {
                throw ConfigurationProblem(
                    "it is mirrors[\(twin)] once more, whose limit would be used twice; name each mirror once", at: path)
            }
        }
        return resolved
    }

    private static func check(_ headers: [String: String], at path: String) throws(ConfigurationProblem) {
        var names: Set<String> = []
        for (header, value) in headers {
            func problem(_ sentence: String) -> ConfigurationProblem { ConfigurationProblem("“\(header.excerpt)” \(sentence)", at: path) }
            guard RequestRules.isToken(header), RequestRules.isFieldValue(value) else {
                throw problem("is not a header field that can be sent; mind blanks and line breaks")
            }
            guard !RequestRules.isFraming(header) else {
                throw problem("belongs to the connection, and is set by the HTTP client itself; leave it out")
            }
            guard !RequestRules.isConditional(header) else {
                throw problem("would ask each request for a part or on a condition, whose answer is no answer to others; leave it out")
            }
            guard names.insert(header.lowercased()).inserted else {
                throw problem("is there twice, as capitals do not count in header names; give it once")
            }
        }
    }

    private static func limits(of mirror: MirrorConfiguration, at path: String) throws(ConfigurationProblem) -> [RateLimit] {
        var limits: [RateLimit] = []
        for (index, limit) in mirror.limits.enumerated() {
            do throws(RulesError) {
                limits.append(try RateLimit(count: Int64(limit.count), window: limit.window.microseconds))
            } catch {
                throw ConfigurationProblem(error.message, at: "\(path).limits[\(index)]")
            }
        }
        return limits
    }

    private static func name(of origin: Origin) -> String {
        String("\(origin.host)-\(origin.port)".map { $0.utf8.allSatisfy(\.isNameByte) ? $0 : "-" })
    }
}

extension PoolConfiguration {
    /// Each mirror in a line: its name, its base URL and what it allows.
    /// - Throws: `SluiceError` with code `.invalidConfiguration` when one cannot be used.
    package func mirrorLines() throws(SluiceError) -> [String] {
        try resolvedMirrors().map { mirror, rules in
            var allowed = rules.limits.map(\.description)
            if let burst = rules.burst { allowed.append("burst \(burst)") }
            if let concurrency = rules.concurrency { allowed.append("at most \(concurrency) at once") }
            return "\(mirror.name): \(mirror.url) (\(allowed.isEmpty ? "no limit" : allowed.joined(separator: ", ")))"
        }
    }
}
