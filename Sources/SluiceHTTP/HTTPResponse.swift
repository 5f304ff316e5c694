package import SluiceLoop

/// A whole answer, with what its slot needs to know: when the mirror must have counted the request.
package struct HTTPResponse: Sendable {
    /// The version of the protocol that the answer came by.
    package enum Version: String, Sendable {
        case http10 = "HTTP/1.0"
        case http11 = "HTTP/1.1"
        case http2 = "HTTP/2"
    }

    /// The final status, 200…999; interim answers (1xx) are read and dropped. Redirects are answers like any other.
    package var status: Int
    /// Header fields in the order of arrival, with the names as the server wrote them. Trailers are not among them.
    package var headers: [(name: String, value: String)]
    /// The body as it was sent: no content coding is undone (none is offered unless the caller's headers do).
    package var body: [UInt8]
    /// When the first byte of the answer's head (an interim one's too) arrived: by then the mirror had counted the request.
    package var firstByteAt: Instant
    /// When the last byte of the answer had arrived.
    package var completedAt: Instant
    /// Whether the request went over a connection that an earlier one had opened.
    package var connectionReused: Bool
    /// The protocol's version.
    package var version: Version

    /// An answer put together by hand, as tests and fakes do.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], firstByteAt: Instant, completedAt: Instant,
        connectionReused: Bool = false, version: Version = .http11
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.firstByteAt = firstByteAt
        self.completedAt = completedAt
        self.connectionReused = connectionReused
        self.version = version
    }

    /// The first value of a header field, by its name in any case.
    package func header(_ name: String) -> String? {
        headers.first { RequestRules.isSameName($0.name, name) }?.value
    }
}
