/// How an ``HTTPServer`` listens and what it bears.
package struct ServerOptions: Sendable {
    /// Where to listen. Default: `127.0.0.1`, any free port.
    package var address = ListenAddress.anyLoopbackPort

    /// Connections at once, 1 to 1,000,000; more wait in the system's queue until one ends. Default: 4,096.
    package var maxConnections = 4_096

    /// The longest time between a connection's opening, or its last answer, and its next complete request, 10 ms to 1 h; also the longest
    /// time without progress while an answer is sent (rounded up to whole seconds). It ends idle and slow clients alike. Default: 60 s.
    package var idleTimeout = Duration.seconds(60)

    /// The least that a client takes of an answer, in bytes a second, 1 to 1 GiB: it has ``idleTimeout`` and the time that the answer takes
    /// at this rate; then it is cut off, however steadily it reads. Default: 4 KiB a second.
    package var slowestReading = 4 << 10

    /// The largest body of a request, 0 to 1 GiB; a longer one is answered with 413. Default: 1 MiB.
    package var maxBodyBytes = 1 << 20

    /// Memory for a request's line and headers, and for its answer's headers, 2 KiB to 1 MiB; a longer head is answered with 431 (414 if
    /// the target is too long). Each connection takes this much. Default: 16 KiB.
    package var maxHeaderBytes = 16 << 10

    /// The longest request line and headers that reach the handler, in bytes; a longer head is answered with 431 (414 if the target alone
    /// is too long), by ``refusal``. Below ``maxHeaderBytes``, beyond which the HTTP library answers by itself. nil (the default): the
    /// latter alone.
    package var longestHead: Int?

    /// The longest head of an answer, in bytes, for which there is surely room in ``maxHeaderBytes`` beside the request's head: a request that
    /// leaves less is answered with 431, an answer with a longer head becomes a 502, both by ``refusal``. nil (the default): the HTTP library
    /// ends the connection where an answer's head finds no room.
    package var longestAnswerHead: Int?

    /// Makes the answers that the server gives in the handler's stead, from a status, a sentence, and the target if it is known.
    /// Default: plain text.
    package var refusal: @Sendable (_ status: Int, _ sentence: String, _ target: String?) -> ServerResponse = { status, sentence, _ in
        ServerResponse.text(status, sentence)
    }

    /// Told the status of each answer as it is given, also of those that the server gives in the handler's stead, and how many microseconds
    /// after its request's head was complete; on the loop's thread. What the HTTP library refuses by itself is not told.
    package var answered: (@Sendable (_ status: Int, _ microseconds: Int64) -> Void)?

    /// Told of each request when its answer has left or its connection broke, on the loop's thread; it must not block. What the HTTP
    /// library refuses by itself is not told. nil (the default): nobody, which costs nothing.
    package var observer: (@Sendable (ServerExchange) -> Void)?

    /// The system's queue of connections that are not yet accepted, 1 to 65,535 (the system may cap it). Default: 1,024.
    package var backlog = 1_024

    package init() {}

    /// Throws a ``ServerError`` that names the first option with an impossible value, the value, and what would do.
    package func validate() throws(ServerError) {
        try check("maxConnections", maxConnections, 1...1_000_000)
        try check("maxBodyBytes", maxBodyBytes, 0...(1 << 30))
        try check("maxHeaderBytes", maxHeaderBytes, 2_048...(1 << 20))
        try check("slowestReading", slowestReading, 1...(1 << 30))
        try check("backlog", backlog, 1...65_535)
        guard idleTimeout >= .milliseconds(10), idleTimeout <= .seconds(3_600) else {
            throw ServerError(.invalidOption, "the server's idleTimeout is \(idleTimeout); it must be from 10 ms to 1 h")
        }
    }

    private func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(ServerError) {
        if allowed.contains(value) { return }
        throw ServerError(
            .invalidOption, "the server's \(name) is \(value); it must be from \(allowed.lowerBound) to \(allowed.upperBound)")
    }
}
