import SluiceLoop

/// The life of a client on the loop: connection after connection, all commands of one turn of the loop in one write (or two), replies to
/// who asked, in order. It carries out what `Reconnect` and `CommandQueue` decide.
//
// @unchecked Sendable: all but `inbox` and the constants is touched on the loop's thread only.
final class CommandPipeline: @unchecked Sendable {
    private let loop: EventLoop
    private let endpoint: RedisEndpoint
    private let options: RedisClientOptions
    private let commandTimeout: Int64
    private let inbox: CommandInbox
    private var queue = CommandQueue()
    private var reconnect: Reconnect
    private var connection: RedisConnection?
    private var retry: LoopTimer?
    private var expiry: LoopTimer?
    private var flush: () -> Void = {}
    private var isFlushDue = false
    private var isExpirySet = false
    /// Whether the socket was looked at once more since the oldest command's deadline passed.
    private var hasLookedAgain = false
    /// The deadline of the commands of this turn of the loop.
    private var turnDeadline = Instant.distantFuture
    /// Whether the kernel has not taken all of the last write.
    private var isStreamBehind = false
    private var taken = CommandInbox.Batch()
    private var earlierWrites = 0
    private var connectionCount: UInt32 = 0
    private let probe: MasterProbe
    /// Told of each new connection, before a command leaves by it.
    var connected: (RedisHandshake.Server) -> Void = { _ in }
    /// The server of the present connection.
    private(set) var server: ConnectedServer?

    init(endpoint: RedisEndpoint, loop: EventLoop, options: RedisClientOptions) {
        self.endpoint = endpoint
        self.loop = loop
        self.options = options
        commandTimeout = options.commandTimeout.microseconds
        inbox = CommandInbox(bound: options.maximumOutput)
        reconnect = Reconnect(minimum: options.backOffMinimum.microseconds, maximum: options.backOffMaximum.microseconds)
        probe = MasterProbe(on: loop, endpoint: endpoint, options: options)
    }

    /// Why there is no connection, as far as is known.
    var lastConnectionError: RedisError? { reconnect.lastError }

    /// Writes so far, over all connections: one for each turn of the loop that had something to send.
    var writeCount: Int { earlierWrites + (connection?.writeCount ?? 0) }

    // MARK: Commands

    /// Takes a task's command, or one that nobody waits for, from any thread.
    /// - Parameters:
    ///   - isFree: the task waits outside of any actor.
    ///   - connection: the number of the only one that may send it; nil: any may.
    func enqueue(
        _ continuation: UnsafeContinuation<Result<RedisValue, RedisError>, Never>?, isFree: Bool = false, idempotent: Bool,
        boundTo connection: UInt32? = nil, _ encode: (inout CommandEncoder) -> Void
    ) {
        if loop.isCurrent {
            let reply = continuation.map { isFree ? PendingCommand.Reply.freeTask($0, loop) : .task($0) }
            submit(reply ?? .ignored, idempotent: idempotent, boundTo: connection, encode)
            return
        }
        switch inbox.add(continuation, keepsBytes: idempotent, connection: connection, encode) {
        case .first: loop.execute { self.drainInbox() }
        case .later: break
        case .refused: continuation?.resume(returning: .failure(overflow))
        }
    }

    /// Takes a command on the loop's thread.
    func submit(
        _ reply: PendingCommand.Reply, idempotent: Bool, boundTo connection: UInt32? = nil, _ encode: (inout CommandEncoder) -> Void
    ) {
        let start = queue.output.bytes.count
        var command = PendingCommand(reply: reply, isBound: connection != nil, deadline: .distantFuture, length: 0, again: nil)
        if let refusal = refusal(boundTo: connection) {
            command.answer(.failure(refusal))
            return
        }
        encode(&queue.output)
        command.length = queue.output.bytes.count - start
        guard hasRoom else {
            queue.output.bytes.removeLast(command.length)
            command.answer(.failure(overflow))
            return
        }
        if idempotent { command.again = Array(queue.output.bytes[start...]) }
        command.deadline = deadline()
        queue.append(command)
        scheduleFlush()
        scheduleExpiry()
        if queue.deservesHeadStart { writeNow() }
    }

    private func drainInbox() {
        inbox.take(into: &taken)
        defer {
            taken.entries.removeAll(keepingCapacity: true)
            taken.encoder.bytes.removeAll(keepingCapacity: true)
        }
        let deadline = deadline()
        var start = 0
        for entry in taken.entries {
            let end = start + entry.length
            defer { start = end }
            let reply = entry.continuation.map { PendingCommand.Reply.task($0) } ?? .ignored
            let command = PendingCommand(
                reply: reply, isBound: entry.connection != nil, deadline: deadline, length: entry.length, again: entry.again)
            if let error = refusal(boundTo: entry.connection) ?? (hasRoom(for: entry.length) ? nil : overflow) {
                command.answer(.failure(error))
            } else {
                queue.output.bytes.append(contentsOf: taken.encoder.bytes[start..<end])
                queue.append(command)
            }
        }
        scheduleFlush()
        scheduleExpiry()
    }

    private func received(_ value: RedisValue) {
        guard let command = queue.takeReplied() else {
            // Nobody asked: what follows would go to the wrong callers.
            connection?.close()
            ended(RedisError(.protocolError, "\(endpoint) sent a reply that no command asked for: \(value)."))
            return
        }
        if case .error(let reply) = value {
            command.answer(.failure(.refused(reply)))
            if reply.contains("READONLY ") { becameReplica() }
        } else {
            command.answer(.success(value))
        }
    }

    /// The server takes no writes, since it is a replica.
    private func becameReplica() {
        let error = RedisError(.connectionLost, "\(endpoint): the server is a replica now; the master is looked for.")
        // The sentinels know another by now, or will.
        if endpoint.sentinels != nil { return leave(error) }
        guard case .tcp = endpoint.destination else { return }
        probe.refused(present: { [unowned self] in server?.identity }, move: { [unowned self] in leave(error) })
    }

    /// Gives the present connection up for a new one.
    func leave(_ error: RedisError) {
        connection?.close()
        ended(error)
    }

    private func refusal(boundTo connection: UInt32?) -> RedisError? {
        if let standing = reconnect.standingError { return standing }
        if case .idle = reconnect.state {
            return RedisError(.shutDown, "The Redis client of \(endpoint) is shut down or was never started; the command was not sent.")
        }
        guard let connection, connection != server?.connection else { return nil }
        return connectionChanged(because: reconnect.lastError)
    }

    private func connectionChanged(because cause: RedisError?) -> RedisError {
        RedisError(
            .connectionChanged, "The connection to \(endpoint) that the command was meant for was lost; the command was not sent.",
            underlying: cause)
    }

    private var hasRoom: Bool { hasRoom(for: 0) }

    private func hasRoom(for length: Int) -> Bool {
        queue.output.bytes.count + length + (isStreamBehind ? connection?.queuedBytes ?? 0 : 0) <= options.maximumOutput
    }

    private var overflow: RedisError {
        RedisError(
            .backPressure,
            "More than \(options.maximumOutput) bytes (maximumOutput) would wait to be sent to \(endpoint); the command was not sent. Send less at a time."
        )
    }

    // MARK: Writing

    private func scheduleFlush() {
        guard !isFlushDue, reconnect.isConnected, queue.unsentCount > 0 else { return }
        isFlushDue = true
        loop.beforeWaiting(flush)
    }

    private func flushNow() {
        isFlushDue = false
        writeNow()
    }

    private func writeNow() {
        guard reconnect.isConnected, queue.unsentCount > 0 else { return }
        queue.markSent()
        guard let connection else { return }
        connection.write(draining: &queue.output.bytes)
        isStreamBehind = connection.queuedBytes > 0
    }

    // MARK: Time

    /// When a command that is asked for now must be answered: the clock is read once a turn.
    private func deadline() -> Instant {
        if !isFlushDue { turnDeadline = Instant.now.advanced(byMicroseconds: commandTimeout) }
        return turnDeadline
    }

    /// Looks at the oldest command's deadline when it comes, not at each command: a timer is set once per `commandTimeout` at most.
    private func scheduleExpiry() {
        guard !isExpirySet, let deadline = queue.nextDeadline else { return }
        expiry?.schedule(at: deadline)
        isExpirySet = expiry?.scheduledAt != nil
    }

    /// A loop that stood still runs its timers before it reads: the reply may have come in time, so there is a last look before the
    /// connection is given up.
    private func expire() {
        isExpirySet = false
        let now = Instant.now
        if queue.isOverdue(at: now), !hasLookedAgain {
            hasLookedAgain = true
            return scheduleExpiry()
        }
        hasLookedAgain = false
        let wait = commandTimeout / 1_000
        let overdue = queue.takeOverdue(
            at: now,
            RedisError(
                .timeout, "\(endpoint) did not reply within \(wait) ms (commandTimeout); whether the command was executed is unknown."))
        if !overdue.isEmpty {
            connection?.close()
            ended(RedisError(.connectionLost, "The connection to \(endpoint) was given up since a reply did not come in time."))
            answer(overdue)
        }
        answer(
            queue.takeExpired(
                at: now,
                RedisError(
                    .notConnected, "There was no connection to \(endpoint) for \(wait) ms (commandTimeout); the command was not sent.",
                    underlying: reconnect.lastError)))
        scheduleExpiry()
    }

    private func answer(_ answers: CommandQueue.Answers) {
        for (command, error) in answers { command.answer(.failure(error)) }
    }

    // MARK: Life

    /// Begins to connect; again is harmless.
    func start() {
        guard loop.isOpen, retry == nil, reconnect.start() else { return }
        retry = LoopTimer(on: loop) { [unowned self] in if reconnect.due(at: .now) { connect() } }
        expiry = LoopTimer(on: loop) { [unowned self] in expire() }
        // Until it is stopped this object is kept alive, by this closure and by the hook: no count of references is needed per reply.
        flush = { self.flushNow() }
        loop.whenStopping(self) { self.stop() }
        connect()
    }

    /// Ends for good; everyone who waits is told.
    func stop() {
        reconnect.stop()
        probe.close()
        closeConnection()
        retry?.close()
        expiry?.close()
        expiry = nil
        flush = {}
        loop.whenStopping(self, nil)
        answer(
            queue.takeAll(
                RedisError(
                    .shutDown, "The Redis client of \(endpoint) was shut down; whether a command under way was executed is unknown."),
                sentToo: true))
    }

    private func connect() {
        let connection = RedisConnection(
            on: loop, endpoint: endpoint, options: options,
            events: .init(
                ready: { server in self.ready(server) }, received: { value in self.received(value) },
                ended: { error in self.ended(error) }))
        self.connection = connection
        connection.open()
    }

    private func ready(_ identity: RedisHandshake.Server) {
        let now = Instant.now
        connectionCount &+= 1
        server = ConnectedServer(identity: identity, connection: connectionCount, connectedAt: now)
        reconnect.connected(at: now)
        connected(identity)
        scheduleFlush()
    }

    private func closeConnection() {
        earlierWrites += connection?.writeCount ?? 0
        connection?.close()
        connection = nil
        server = nil
    }

    private func ended(_ error: RedisError) {
        closeConnection()
        let now = Instant.now
        let next = reconnect.failed(error, at: now, chance: .random(in: 0..<1))
        let fate = RedisError(
            .connectionLost, "The connection to \(endpoint) was lost; whether the command was executed is unknown.", underlying: error)
        answer(queue.connectionLost(fate, unsent: connectionChanged(because: error), at: now))
        if let standing = reconnect.standingError { answer(queue.takeAll(standing, sentToo: false)) }
        if let next { retry?.schedule(at: next) }
    }
}
