/// An answer. The server adds `Date`, `Content-Length` and, where it applies, `Connection`; it leaves the body out of an answer to HEAD.
package struct ServerResponse: Sendable {
    /// The status, 200 to 599.
    package var status: Int { didSet { prepared = nil } }
    /// The headers, in order. One that cannot be sent (a line break in it, or a `Content-Length` of its own) is left out.
    package var headers: [(name: String, value: String)] { didSet { prepared = nil } }
    /// The body.
    package var body: [UInt8] { didSet { prepared = nil } }
    /// The same as the library wants it, for an answer that is given again and again; a change of the answer drops it.
    private(set) var prepared: PreparedResponse?

    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Makes the library's form of it once for all the times that it is given. It takes as much memory again, and is made where none is yet.
    package mutating func prepare() { if prepared == nil { prepared = PreparedResponse(self) } }

    /// The bytes that its headers take as they are sent, without those that the server adds.
    package var headBytes: Int { headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 } }

    /// A line of plain text, for errors that need no more.
    package static func text(_ status: Int, _ sentence: String) -> ServerResponse {
        ServerResponse(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array((sentence + "\n").utf8))
    }
}

/// What a server's handler decides about a request, on the loop's thread.
package enum ServerReply: Sendable {
    /// The answer is here: it leaves in this turn of the loop.
    case now(ServerResponse)
    /// The answer comes later. The closure runs on the server's loop, which serves others meanwhile; it is cancelled when the server
    /// shuts down and its time to drain is over. A client that goes away is noticed when the answer is sent.
    case later(@Sendable () async -> ServerResponse)
    /// No answer as HTTP has it, but these bytes, and then the end of the connection.
    case raw(RawReply)
}

/// Bytes that a server sends in an answer's stead, without a look at them: for a server that is to misbehave.
package struct RawReply: Sendable {
    /// What is sent, piece by piece; none: the connection ends at once. A piece is cut where the client does not keep up.
    package var pieces: [[UInt8]]
    /// The time before each piece but the first.
    package var pause: Duration

    package init(pieces: [[UInt8]] = [], pause: Duration = .zero) {
        self.pieces = pieces
        self.pause = pause
    }
}
