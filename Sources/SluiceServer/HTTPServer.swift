package import SluiceLoop
internal import Synchronization

/// An HTTP/1.1 server on a loop: libmicrohttpd reads and writes, a handler of yours decides.
///
/// The handler runs on the loop's thread, once per complete request, and must not block. It answers at once (``ServerReply/now(_:)``,
/// which costs no hand-over) or promises an answer (``ServerReply/later(_:)``). Other sockets of the loop are served in between.
///
/// A client that goes before its promised answer is there is noticed within a second, as is one that ends its half of the connection:
/// the task that makes the answer is cancelled.
///
/// A head that is malformed, too long, or open to two readings never reaches the handler: it is answered with 400, 414 or 431 and the
/// connection closes; so it does after a 413.
///
/// A server that was started must be shut down before it is dropped, and before its loop ends.
package actor HTTPServer {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let loop: EventLoop
    private let options: ServerOptions
    private let handler: @Sendable (ServerRequest) -> ServerReply
    private var isStarted = false
    private var isDraining = false
    private var daemon: MicrohttpdDaemon?
    private var work: [UInt64: Task<Void, Never>] = [:] {
        didSet { if work.isEmpty { whenIdle?() } }
    }
    /// Called when nothing is under way any more.
    private var whenIdle: (() -> Void)?
    private let boundPort = Atomic<UInt16>(0)

    /// What a cancelled task has to say so.
    private static let lastWords = Duration.milliseconds(200)

    /// - Parameter handler: called on the loop's thread for each request.
    package init(
        on loop: EventLoop, options: ServerOptions = ServerOptions(), handler: @escaping @Sendable (ServerRequest) -> ServerReply
    ) {
        self.loop = loop
        self.options = options
        self.handler = handler
    }

    /// The port that the server listens on; 0 before its start.
    package nonisolated var port: UInt16 { boundPort.load(ordering: .acquiring) }

    /// Where the server listens, with the port that it got.
    package nonisolated var address: ListenAddress {
        (try? ListenAddress(ip: options.address.ip, port: port)) ?? options.address
    }

    /// Starts to listen; when it returns, connections are accepted.
    /// - Throws: an error that names the address and a remedy, when an option is impossible, or the address taken or not to be had.
    package func start() async throws(ServerError) {
        guard !isStarted else {
            throw ServerError(.alreadyStarted, "this server on \(options.address) was started before; make a new one")
        }
        try options.validate()
        let (descriptor, port) = try ListenSocket.open(options.address, backlog: options.backlog)
        daemon = try MicrohttpdDaemon(
            on: loop, descriptor: descriptor, options: options, handler: handler,
            answerLater: { [unowned self] id, work in assumeIsolated { $0.begin(id, work) } },
            answerRaw: { [unowned self] id, reply in assumeIsolated { $0.begin(id, reply) } },
            abandon: { [unowned self] id in assumeIsolated { $0.abandon(id) } })
        isStarted = true
        boundPort.store(port, ordering: .releasing)
    }

    /// Accepts no more connections, lets the answers under way finish for at most `drainingFor`, then closes everything. The tasks of
    /// answers that did not come by then are cancelled, and have a moment for what they say to that; those that say nothing become 503.
    package func shutDown(drainingFor patience: Duration = .seconds(5)) async {
        guard let daemon, !isDraining else { return isStarted = true }
        isDraining = true
        await wait(atMost: patience) { daemon.drain($0) }
        for task in work.values { task.cancel() }
        if !work.isEmpty { await wait(atMost: Self.lastWords) { whenIdle = $0 } }
        whenIdle = nil
        let silent = work.keys
        work = [:]
        for id in silent {
            daemon.answer(id, options.refusal(503, "The server shuts down; ask another one, or again later.", nil))
        }
        await withCheckedContinuation { continuation in
            daemon.stop { continuation.resume() }
        }
        self.daemon = nil
    }

    /// Waits for what `begin` is given to be called, or for the time to be over.
    private func wait(atMost patience: Duration, _ begin: (@escaping () -> Void) -> Void) async {
        await withCheckedContinuation { continuation in
            let deadline = DrainDeadline(continuation)
            deadline.timer = LoopTimer(on: loop) { deadline.end() }
            deadline.timer?.schedule(at: Instant.now.advanced(by: patience))
            begin { deadline.end() }
        }
    }

    private func begin(_ id: UInt64, _ body: @escaping @Sendable () async -> ServerResponse) {
        work[id] = Task(executorPreference: loop) { [self] in await run(id, body) }
    }

    private func begin(_ id: UInt64, _ reply: RawReply) {
        work[id] = Task(executorPreference: loop) { [self] in await send(id, reply) }
    }

    private func abandon(_ id: UInt64) { work.removeValue(forKey: id)?.cancel() }

    private func send(_ id: UInt64, _ reply: RawReply) async {
        for (index, piece) in reply.pieces.enumerated() {
            if index > 0 { try? await loop.sleep(until: Instant.now.advanced(by: reply.pause)) }
            guard !Task.isCancelled, daemon?.write(id, piece) == true else { break }
        }
        guard work.removeValue(forKey: id) != nil else { return }
        daemon?.hangUp(id)
    }

    private func run(_ id: UInt64, _ body: @Sendable () async -> ServerResponse) async {
        let response = await body()
        // Nobody waits any more once the server has given up on the answer.
        guard work.removeValue(forKey: id) != nil else { return }
        daemon?.answer(id, response)
    }
}

/// The end of a wait: when that happens which is waited for, or the time is over, whichever comes first. Confined to the loop's thread.
private final class DrainDeadline {
    var timer: LoopTimer?
    private var continuation: CheckedContinuation<Void, Never>?

    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = continuation }

    func end() {
        timer?.close()
        timer = nil
        continuation?.resume()
        continuation = nil
    }
}
