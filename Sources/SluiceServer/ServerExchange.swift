package import SluiceLoop

/// One request and what became of it, as a log wants to know it.
package struct ServerExchange: Sendable {
    /// Who asked; nil when the system does not say.
    package var peer: SocketAddress?
    /// The method, as it was sent.
    package var method: String
    /// The target as it was sent; nil when it held bytes that are no visible ASCII.
    package var target: String?
    /// `HTTP/1.1`.
    package var version: String
    /// The request's headers.
    package var headers: ServerHeaders
    /// When the head was complete.
    package var arrivedAt: Instant
    /// The answer's status; nil when none was given before the connection broke.
    package var status: Int?
    /// The length of the answer's body as it is sent, in bytes: 0 for HEAD and 304.
    package var bodyBytes = 0
    /// Whether the answer was handed to the system as a whole.
    package var isWhole = false

    package init(
        peer: SocketAddress? = nil, method: String, target: String?, version: String = "HTTP/1.1", headers: ServerHeaders = ServerHeaders(),
        arrivedAt: Instant = .now
    ) {
        self.peer = peer
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.arrivedAt = arrivedAt
    }

    /// Takes the answer over.
    mutating func note(_ response: ServerResponse) {
        status = response.status
        bodyBytes = method == "HEAD" || response.status == 304 ? 0 : response.body.count
    }
}
