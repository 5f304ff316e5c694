import SluiceLoop
import SluiceServer

/// Who may see and do what under `/-/`.
struct ManagementAccess: Sendable {
    private let token: [UInt8]?

    /// - Parameter token: the bearer token that was configured, if any.
    init(token: String?) { self.token = token.map { Array($0.utf8) } }

    /// Leave to read figures and to change something: the token where there is one, this host otherwise.
    ///
    /// With a token this host itself needs it too: a reverse proxy beside the gateway passes on what anybody asks, and need not say so.
    /// - Throws: ``Problem`` with 401 or 403.
    func require(_ request: ServerRequest) throws(Problem) {
        guard let token else { return try requireThisHost(request) }
        let offered = request.headers["Authorization"] ?? ""
        let parts = offered.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", Self.isSame(Array(parts[1].utf8), token) else {
            throw Problem(
                401, "unauthorized", "this needs the gateway's management token: send Authorization: Bearer TOKEN.",
                headers: [(name: "WWW-Authenticate", value: "Bearer realm=\"sluice\"")])
        }
    }

    /// The request must come from this host itself, and name it. One that was passed on by a proxy, or made by a web page in a browser, does
    /// not speak for it; a page whose name was made to lead here shows in `Host`.
    private func requireThisHost(_ request: ServerRequest) throws(Problem) {
        let isPassedOn = ["Origin", "Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"].contains { request.headers[$0] != nil }
        guard request.isLoopbackPeer, !isPassedOn else {
            throw Problem(403, "forbidden", "without a management token this serves direct requests from the gateway's own host only.")
        }
        let host = OriginForm.authority(of: request.target).map(String.init) ?? request.headers["Host"]
        guard host.map(Self.isThisHost) ?? true else {
            throw Problem(
                403, "forbidden", "without a management token this serves who asks localhost, 127.0.0.1 or [::1], by no other name.")
        }
    }

    /// Whether a `Host` can only mean the host on which it was written.
    private static func isThisHost(_ field: String) -> Bool {
        let host = field.lowercased()
        if host.hasPrefix("[") { return host == "[::1]" || host.hasPrefix("[::1]:") }
        let name = host.prefix { $0 != ":" }
        return name == "localhost" || name.hasSuffix(".localhost")
            || (name.hasPrefix("127.") && SocketAddress(ip: String(name), port: 0) != nil)
    }

    /// Compares in a time that depends on the lengths alone.
    static func isSame(_ offered: [UInt8], _ secret: [UInt8]) -> Bool {
        var difference: UInt8 = offered.count == secret.count ? 0 : 1
        for (index, byte) in secret.enumerated() { difference |= byte ^ (index < offered.count ? offered[index] : 0) }
        return difference == 0
    }
}
