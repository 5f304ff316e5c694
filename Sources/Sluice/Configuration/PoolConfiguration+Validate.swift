import SluiceCoordination
import SluiceHTTP
import SluiceLoop
import SluiceRedis

extension PoolConfiguration {
    /// Checks everything that can be checked without a network.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the setting, its value and what would do.
    public func validate() throws(SluiceError) {
        guard (1...64).contains(pool.utf8.count), pool.utf8.allSatisfy(\.isNameByte) else {
            throw Self.refuse("pool", "“\(pool)” is no name for a pool: use 1 to 64 letters, digits, dots, dashes and underscores")
        }
        if let redis {
            do throws(RedisError) { _ = try RedisEndpoint(url: redis) } catch { throw Self.refuse("redis", error.message) }
        }
        guard !mirrors.isEmpty else { throw Self.refuse("mirrors", "there is none; name at least one base URL") }
        _ = try resolvedMirrors()
        try Self.check("timeout", timeout, in: .milliseconds(10)...(.seconds(3_600)))
        try Self.check("deadline", deadline, in: .milliseconds(10)...(.seconds(86_400)))
        try Self.check("lease", lease, in: .milliseconds(100)...(.seconds(3_600)))
        try Self.check("cache.fresh", cache.fresh, in: .zero...(.seconds(31_536_000)))
        try Self.check("cache.stale", cache.stale, in: .zero...(.seconds(31_536_000)))
        guard cache.memory >= 1 << 20 else {
            throw Self.refuse("cache.memory", "\(cache.memory) bytes are too few; give at least 1MiB")
        }
        guard responseLimit >= 1 << 10 else {
            throw Self.refuse("responseLimit", "\(responseLimit) bytes are too few; give at least 1KiB")
        }
        do throws(CoordinationError) {
            try ElectionTimings(lease: lease).validate()
        } catch {
            throw Self.refuse("lease", error.message)
        }
    }

    /// The mirrors with their names and rules, checked.
    func resolvedMirrors() throws(SluiceError) -> [(mirror: Mirror, rules: MirrorRules)] {
        var resolved: [(mirror: Mirror, rules: MirrorRules)] = []
        for (index, configured) in mirrors.enumerated() {
            let place = "mirrors[\(index)]"
            let origin: Origin
            do throws(HTTPError) { origin = try Origin(url: configured.url) } catch {
                throw Self.refuse("\(place).url", error.message)
            }
            guard !configured.url.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
                throw Self.refuse("\(place).url", "“\(configured.url)” has a query or a fragment; give a base URL without them")
            }
            var base = configured.url[...]
            while base.last == "/" { base.removeLast() }
            let name = configured.name.isEmpty ? Self.name(of: origin) : configured.name
            do throws(RulesError) {
                var limits: [RateLimit] = []
                for limit in configured.limits {
                    limits.append(try RateLimit(count: Int64(limit.count), window: limit.window.microseconds))
                }
                let rules = try MirrorRules(
                    name: name, limits: limits, burst: configured.burst.map(Int64.init), concurrency: configured.concurrency.map(Int64.init)
                )
                resolved.append((Mirror(name: name, url: String(base), headers: configured.headers), rules))
            } catch {
                throw Self.refuse(place, error.message)
            }
            for (header, value) in configured.headers where !RequestRules.isToken(header) || !RequestRules.isFieldValue(value) {
                throw Self.refuse("\(place).headers", "“\(header)” is not a header field that can be sent; mind spaces and line breaks")
            }
        }
        return resolved
    }

    private static func name(of origin: Origin) -> String {
        String("\(origin.host)-\(origin.port)".map { $0.utf8.allSatisfy(\.isNameByte) ? $0 : "-" })
    }

    private static func check(_ place: String, _ value: Duration, in bounds: ClosedRange<Duration>) throws(SluiceError) {
        guard !bounds.contains(value) else { return }
        throw refuse(place, "\(value) is out of bounds; give between \(bounds.lowerBound) and \(bounds.upperBound)")
    }

    private static func refuse(_ place: String, _ what: String) -> SluiceError {
        SluiceError(.invalidConfiguration, "\(place): \(what)")
    }
}
