package import SluiceLoop

/// One request as it was received, complete with its body.
package struct ServerRequest: Sendable {
    /// The method, as it was sent: `GET`.
    package var method: String
    /// The request target exactly as it was sent, escapes, dot segments and all: `/a%2Fb?x=%41`. Only visible ASCII: a target with any
    /// other byte never gets here. Whoever forwards it must judge it first.
    package var target: String
    /// The headers.
    package var headers: ServerHeaders
    /// The body without its framing; empty when there is none.
    package var body: [UInt8]
    /// Who asks; nil when the system does not say.
    package var peer: SocketAddress?
    /// Whether the peer is this host (127.0.0.0/8 or ::1).
    package var isLoopbackPeer: Bool
    /// When the head was complete: before the body, and before anything was decided.
    package var arrivedAt: Instant

    package init(
        method: String = "GET", target: String, headers: ServerHeaders = ServerHeaders(), body: [UInt8] = [], peer: SocketAddress? = nil,
        isLoopbackPeer: Bool = true, arrivedAt: Instant = .now
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
        self.isLoopbackPeer = isLoopbackPeer
        self.arrivedAt = arrivedAt
    }

    /// The target before the first `?`, raw.
    package var path: Substring {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return target[...] }
        return target[..<mark]
    }

    /// The target after the first `?`, raw; nil when there is no `?`.
    package var query: Substring? {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        return target[target.utf8.index(after: mark)...]
    }
}
