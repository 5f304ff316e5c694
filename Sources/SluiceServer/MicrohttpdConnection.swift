internal import CSluiceMicrohttpd
internal import Glibc
internal import SluiceLoop

/// One connection of a ``MicrohttpdDaemon`` and the request that it is busy with. Confined to the loop's thread.
///
/// libmicrohttpd shows one request of a connection at a time, so the connection's own object carries the request, and a request on a
/// connection that is kept alive allocates no state. The library calls back in this order: target, request (head complete), request
/// (for each piece of the body and once at its end), completed.
final class MicrohttpdConnection {
    private enum Phase {
        case awaitingHead
        case readingBody
        /// Suspended, until the handler's answer is there.
        case awaitingAnswer
        case holding(ServerResponse)
        case answering
        /// No answer comes: the library is to end the connection.
        case broken
    }

    /// Unique in the daemon.
    let id: UInt64
    private unowned let daemon: MicrohttpdDaemon
    private let connection: OpaquePointer
    private let peer: SocketAddress?
    private let isLoopbackPeer: Bool

    private var phase = Phase.awaitingHead
    private var target: String?
    private var request: ServerRequest?
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var isCut = false
    /// Since when the client owes us a complete request, or has an answer to take.
    private var since: Instant
    /// When the head of the present request was complete.
    private var arrivedAt: Instant
    /// How much of an answer it has to take, in bytes.
    private var answerBytes = 0
    /// What is told of the request once it is over; nil while nobody wants to know.
    private var exchange: ServerExchange?

    init(id: UInt64, _ connection: OpaquePointer, of daemon: MicrohttpdDaemon) {
        self.id = id
        self.connection = connection
        self.daemon = daemon
        (peer, isLoopbackPeer) = Self.peer(of: connection)
        since = .now
        arrivedAt = since
    }

    /// Whether no request is being answered: the client may send one, or the rest of one.
    var isWaitingForClient: Bool {
        switch phase {
        case .awaitingHead, .readingBody: true
        case .awaitingAnswer, .holding, .answering, .broken: false
        }
    }

    /// Whether the client has had its time, for its request or for taking the answer.
    func isOverdue(at now: Instant) -> Bool {
        switch phase {
        case .awaitingHead, .readingBody: return now >= since.advanced(by: daemon.options.idleTimeout)
        case .awaitingAnswer, .holding, .broken: return false
        case .answering:
            let reading = Duration.seconds(1) * answerBytes / daemon.options.slowestReading
            return now >= since.advanced(by: daemon.options.idleTimeout + reading)
        }
    }

    // MARK: What the library reports

    /// The request line is there. `text` is the target as it was sent.
    func receive(target text: UnsafePointer<CChar>) {
        let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
        let isVisible = bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        target = isVisible && !bytes.isEmpty ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// The head is complete, or a piece of the body is there, or its end, or the answer may be given now.
    func proceed(
        method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, piece: UnsafePointer<CChar>?, count: UnsafeMutablePointer<Int>
    ) -> MHD_Result {
        switch phase {
        case .awaitingHead:
            return begin(method, version)
        case .readingBody:
            guard count.pointee > 0 else { return finish() }
            return read(UnsafeRawBufferPointer(start: piece, count: count.pointee), count)
        case .awaitingAnswer, .answering:
            return .YES
        case .holding(let response):
            return send(response)
        case .broken:
            return .NO
        }
    }

    /// The answer has left, or the connection broke.
    func complete(isWhole: Bool) {
        if var exchange {
            self.exchange = nil
            exchange.isWhole = isWhole
            daemon.options.observer?(exchange)
        }
        if case .awaitingHead = phase { return }
        phase = .awaitingHead
        request = nil
        target = nil
        body = []
        since = .now
    }

    // MARK: What the server asks for

    /// Gives the answer that was promised for later.
    func answer(_ response: ServerResponse) {
        guard case .awaitingAnswer = phase else { return }
        phase = .holding(response)
        MHD_resume_connection(connection)
    }

    /// Sends bytes past the library, as many as the kernel takes; false when the client is gone.
    func write(_ bytes: [UInt8]) -> Bool {
        let descriptor = sluice_mhd_descriptor(connection)
        guard descriptor >= 0, !bytes.isEmpty else { return descriptor >= 0 }
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        return bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) } >= 0 || errno == EAGAIN
    }

    /// Gives up on the answer that was promised for later.
    func hangUp() {
        guard case .awaitingAnswer = phase else { return }
        phase = .broken
        MHD_resume_connection(connection)
    }

    /// Ends the connection. A client that owes a request gets one chance: what it has sent already is still read, until the next call.
    ///
    /// The second call is needed. The kernel shows the end of file only behind all bytes that have come, also those that come later,
    /// and the library reads once for each sign of life: a client that keeps dripping would never be at its end.
    func cut() {
        if isWaitingForClient, !isCut {
            isCut = true
            sluice_mhd_end_reading(connection)
        } else {
            sluice_mhd_end(connection)
        }
    }

    /// Whether an answer was promised for later to a client that has ended the connection meanwhile, or its half of it: HTTP has no sign by
    /// which the two could be told apart, so that whoever still reads is given up too.
    var isAbandoned: Bool {
        guard case .awaitingAnswer = phase else { return false }
        return sluice_mhd_is_left(connection) != 0
    }

    /// Whether ``cut()`` was called, and the client is still there.
    var isLingering: Bool { isCut && isWaitingForClient }

    private static func peer(of connection: OpaquePointer) -> (SocketAddress?, isLoopback: Bool) {
        var text = [CChar](repeating: 0, count: 64)
        var port: UInt16 = 0
        guard sluice_mhd_peer(connection, &text, &port) != 0 else { return (nil, false) }
        let ip = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return (SocketAddress(ip: ip, port: port), ip.hasPrefix("127.") || ip == "::1" || ip.hasPrefix("::ffff:127."))
    }

    // MARK: Steps of a request

    private func begin(_ methodText: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>) -> MHD_Result {
        let now = Instant.now
        arrivedAt = now
        let collector = HeadCollector(after: UnsafeRawPointer(version) + strlen(version))
        MHD_get_connection_values_n(connection, .HEADER_KIND, HeadCollector.collect, Unmanaged.passUnretained(collector).toOpaque())
        if daemon.options.observer != nil {
            exchange = ServerExchange(
                peer: peer, method: String(cString: methodText), target: target, version: String(cString: version),
                headers: collector.headers, arrivedAt: now)
        }
        collector.end(at: UnsafeRawPointer(methodText) + sluice_mhd_head_size(connection))
        guard let target else {
            return refuse(400, "The request target holds a byte that is no visible ASCII; percent-encode it.")
        }
        guard isOneLine(methodText, target, version) else {
            return refuse(400, "The request line holds a NUL or more than one space between its parts; send METHOD /path HTTP/1.1.")
        }
        let framing = collector.framing
        let isOld = strcmp(version, "HTTP/1.0") == 0
        guard isOld || strcmp(version, "HTTP/1.1") == 0 else {
            return strncmp(version, "HTTP/", 5) == 0
                ? refuse(505, "This server speaks HTTP/1.1 and HTTP/1.0.")
                : refuse(400, "The request line is malformed; send METHOD /path HTTP/1.1.")
        }
        guard framing.hosts == 1 || (framing.hosts == 0 && isOld) else {
            return refuse(400, "The request has \(framing.hosts) Host headers; send one.")
        }
        // A program of HTTP/1.0's time reads no chunks: it would find other requests in the same bytes.
        guard !(isOld && framing.hasCoding), let bodyAhead = framing.body else {
            return refuse(
                400, "The headers are malformed or leave it open where the body ends; send one Content-Length, or one chunked coding.")
        }
        if let longest = daemon.options.longestHead, target.utf8.count + collector.headers.byteCount > longest {
            return refuse(
                target.utf8.count > longest ? 414 : 431, "The request line and headers are longer than \(longest) bytes; send less.")
        }
        let noted =
            target.utf8.count + collector.headers.byteCount + collector.notes + HeadCollector.note * target.utf8.count { $0 == 0x26 }
        if let room = daemon.options.longestAnswerHead, noted + room + 1_024 > daemon.options.maxHeaderBytes {
            return refuse(431, "The request has too many headers, parameters or cookies; send fewer.")
        }
        var capacity = 0
        if case .length(let length) = bodyAhead {
            guard length <= daemon.options.maxBodyBytes else { return refuse(413, tooLarge) }
            capacity = length
        }
        // An answer given now, at the end of the head, would make the library close the connection: it is called again at the end of the
        // request, at once when there is no body.
        request = ServerRequest(
            method: String(cString: methodText), target: target, headers: collector.headers, body: [], peer: peer,
            isLoopbackPeer: isLoopbackPeer, arrivedAt: now)
        bodyBytes = 0
        if capacity > 0 { body.reserveCapacity(min(capacity, 64 << 10)) }
        phase = .readingBody
        return .YES
    }

    /// Whether the parts of the request line lie in the library's buffer as they stood there, with a NUL for each space. A NUL within a part
    /// would have cut it off: we would read another request than a program before us.
    private func isOneLine(_ method: UnsafePointer<CChar>, _ target: String, _ version: UnsafePointer<CChar>) -> Bool {
        version == method + strlen(method) + 1 + target.utf8.count + 1
    }

    private func read(_ piece: UnsafeRawBufferPointer, _ count: UnsafeMutablePointer<Int>) -> MHD_Result {
        bodyBytes += piece.count
        count.pointee = 0
        if bodyBytes <= daemon.options.maxBodyBytes {
            body.append(contentsOf: piece)
        } else {
            // The library takes an answer only at the end of the body: read on, within reason, and keep nothing.
            body = []
            if bodyBytes > 4 * daemon.options.maxBodyBytes + (1 << 20) { return .NO }
        }
        return .YES
    }

    private func finish() -> MHD_Result {
        guard bodyBytes <= daemon.options.maxBodyBytes else { return refuse(413, tooLarge) }
        guard var request else { return .NO }
        self.request = nil
        swap(&request.body, &body)
        return decide(request)
    }

    private func decide(_ request: ServerRequest) -> MHD_Result {
        // The library cannot end while anybody waits for an answer.
        guard !daemon.isStopping else { return .NO }
        switch daemon.handler(request) {
        case .now(let response): return send(response)
        case .later(let work):
            phase = .awaitingAnswer
            MHD_suspend_connection(connection)
            daemon.answerLater(id, work)
            return .YES
        case .raw(let reply):
            phase = .awaitingAnswer
            MHD_suspend_connection(connection)
            daemon.answerRaw(id, reply)
            return .YES
        }
    }

    private var tooLarge: String {
        "The request's body is longer than the \(daemon.options.maxBodyBytes) bytes that this server takes; send less."
    }

    /// Answers in the handler's stead, and closes: what follows on the connection cannot be trusted.
    private func refuse(_ status: Int, _ sentence: String) -> MHD_Result {
        var response = daemon.options.refusal(status, sentence, target)
        response.headers.append(("Connection", "close"))
        return send(response)
    }

    private func send(_ answer: ServerResponse) -> MHD_Result {
        phase = .answering
        let ready = daemon.isDraining ? nil : answer.prepared
        if ready == nil, let longest = daemon.options.longestAnswerHead, answer.headBytes > longest {
            return refuse(502, "The answer's headers take \(answer.headBytes) bytes, and no more than \(longest) can be passed on.")
        }
        guard let response = ready ?? PreparedResponse(answer, closing: daemon.isDraining) else { return .NO }
        answerBytes = answer.body.count
        since = .now
        exchange?.note(answer)
        daemon.options.answered?(answer.status, since.microseconds(since: arrivedAt))
        return withExtendedLifetime(response) { MHD_queue_response(connection, UInt32(clamping: answer.status), response.pointer) }
    }
}
