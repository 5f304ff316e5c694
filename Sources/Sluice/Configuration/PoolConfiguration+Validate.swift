import SluiceCoordination
import SluiceHTTP
import SluiceLoop
import SluiceRedis

extension PoolConfiguration {
    /// Checks everything that can be checked without a network.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the setting, its value and what would do.
    public func validate() throws(SluiceError) {
        do throws(ConfigurationProblem) { try check() } catch { throw error.error }
    }

    /// Checks everything that can be checked without a network.
    /// - Parameter needsMirrors: false for what only talks to Redis.
    func check(needsMirrors: Bool = true) throws(ConfigurationProblem) {
        guard (1...64).contains(pool.utf8.count), pool.utf8.allSatisfy(\.isNameByte) else {
            throw ConfigurationProblem(
                "“\(pool.excerpt)” is no name for a pool; use 1 to 64 letters, digits, dots, dashes and underscores", at: "pool")
        }
        if let redis {
            do throws(RedisError) { _ = try RedisEndpoint(url: redis) } catch { throw ConfigurationProblem(error.message, at: "redis") }
        }
        guard !mirrors.isEmpty || !needsMirrors else {
            throw ConfigurationProblem("there is none; name at least one base URL", at: "mirrors")
        }
        try checkMirrors()
        try Self.check("timeout", timeout, in: .milliseconds(10)...(.seconds(3_600)))
        try Self.check("deadline", deadline, in: .milliseconds(10)...(.seconds(86_400)))
        try Self.check("lease", lease, in: .milliseconds(100)...(.seconds(3_600)))
        try Self.check("cache.fresh", cache.fresh, in: .zero...(.seconds(31_536_000)))
        try Self.check("cache.stale", cache.stale, in: .zero...(.seconds(31_536_000)))
        guard (1 << 20...ByteSizeText.largest).contains(cache.memory) else {
            throw ConfigurationProblem("\(cache.memory) bytes are out of bounds; give between 1MiB and 1024GiB", at: "cache.memory")
        }
        guard (1 << 10...1 << 30).contains(responseLimit) else {
            throw ConfigurationProblem("\(responseLimit) bytes are out of bounds; give between 1KiB and 1GiB", at: "responseLimit")
        }
        do throws(CoordinationError) {
            try ElectionTimings(lease: lease).validate()
        } catch {
            throw ConfigurationProblem(error.message, at: "lease")
        }
        try checkListen()
        _ = try RouteTable(checking: routes)
    }

    private func checkListen() throws(ConfigurationProblem) {
        let colon = listen.lastIndex(of: ":")
        var host = listen[..<(colon ?? listen.startIndex)]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard let colon, isBracketed == host.contains(":"), case let digits = listen[colon...].dropFirst(),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits),
            host.isEmpty || host == "localhost" || SocketAddress(ip: String(host), port: port) != nil
        else {
            throw ConfigurationProblem(
                "“\(listen.excerpt)” is no place to listen; write ADDRESS:PORT with an IP address of this host, such as 127.0.0.1:8080 or [::1]:8080",
                at: "listen")
        }
    }

    private static func check(_ path: String, _ value: Duration, in bounds: ClosedRange<Duration>) throws(ConfigurationProblem) {
        guard !bounds.contains(value) else { return }
        throw ConfigurationProblem(
            "\(value.text) is out of bounds; give between \(bounds.lowerBound.text) and \(bounds.upperBound.text)", at: path)
    }
}
