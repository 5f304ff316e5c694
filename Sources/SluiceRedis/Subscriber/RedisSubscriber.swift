package import SluiceLoop

/// One pub/sub connection, made again by itself, on which also the invalidations of tracked keys arrive.
///
/// What was wanted before a reconnection is wanted after it. Between `.disconnected` and `.connected` messages are lost: who listens
/// must then look for itself. One connection does all, so that its end is the end of everything that came over it, and is noticed
/// even when the network only falls silent: the server is asked for a sign of life every `livenessInterval`, and given up
/// when none comes within `commandTimeout`.
///
/// Beside a client it hears only the server that the client's commands go to: when the two find themselves at different ones, it is
/// disconnected, and connects again until they agree.
///
/// A server that is there and refuses what is wanted, or is not the client's, is told of once, and asked again ever more rarely.
package actor RedisSubscriber {
    /// What is told, in order, on the loop's thread.
    package enum Event: Sendable, Hashable {
        /// All wanted channels, and tracking, are in force.
        case connected
        /// They no longer are.
        case disconnected
        /// A message.
        case message(channel: String, payload: [UInt8])
        /// The keys were written, deleted or have expired; nil: everything may have changed (FLUSHALL or FLUSHDB).
        case invalidated(keys: [String]?)
    }

    private struct Waiter {
        var channels: Set<String>
        var wantsThem: Bool
        var deadline: Instant
        var continuation: CheckedContinuation<RedisError?, Never>
    }

    /// The server.
    package nonisolated let endpoint: RedisEndpoint
    /// The loop that the subscriber lives on.
    package nonisolated let loop: EventLoop
    private let options: RedisClientOptions
    private let client: RedisClient?
    /// Both are dropped at the end: whom they tell may hold us.
    private var received: @Sendable (Event) -> Void
    private var troubled: @Sendable (RedisError?) -> Void
    private var subscriptions: Subscriptions
    private var reconnect: Reconnect
    private var connection: RedisConnection?
    /// The server of the present connection.
    private var server: RedisHandshake.Server?
    private var agreement = ServerAgreement()
    /// What stands in the way until somebody changes it, as it was told last.
    private var trouble: RedisError?
    private var retry: LoopTimer?
    private var liveness: LoopTimer?
    private var expiry: LoopTimer?
    private var waiters: [Waiter] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A subscriber that does nothing until `start()`. The options should have passed `validate()`.
    /// - Parameters:
    ///   - trackingPrefix: invalidations are sent for keys that begin with it; nil: no tracking.
    ///   - client: a client on the same loop, of the same endpoint, whose server is to be heard; nil: whichever the endpoint leads to.
    ///   - troubled: called on the loop's thread with what keeps messages from coming, though the server is there, until somebody changes
    ///     it: the server's refusal, or that it is not the client's; and with nil when they come again.
    ///   - received: called on the loop's thread, synchronously: it must not block.
    package init(
        endpoint: RedisEndpoint, loop: EventLoop, options: RedisClientOptions = .init(), trackingPrefix: String? = nil,
        beside client: RedisClient? = nil, troubled: @escaping @Sendable (RedisError?) -> Void = { _ in },
        _ received: @escaping @Sendable (Event) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.options = options
        self.client = client
        self.received = received
        self.troubled = troubled
        subscriptions = Subscriptions(trackingPrefix: trackingPrefix, patience: options.commandTimeout.microseconds)
        reconnect = Reconnect(
            minimum: options.backOffMinimum.microseconds, maximum: options.backOffMaximum.microseconds,
            standingMaximum: options.standingBackOffMaximum.microseconds)
    }

    /// Begins to connect, and keeps the connection until `shutDown()`. Returns before there is one.
    package func start() {
        guard loop.isOpen, retry == nil, reconnect.start() else { return }
        retry = LoopTimer(on: loop) { [unowned self] in assumeIsolated { if $0.reconnect.due(at: .now) { $0.connect() } } }
        liveness = LoopTimer(on: loop) { [unowned self] in assumeIsolated { $0.lookForLife() } }
        expiry = LoopTimer(on: loop) { [unowned self] in assumeIsolated { $0.expire() } }
        // The hook also keeps the actor alive until it is shut down.
        loop.whenStopping(self) { self.assumeIsolated { $0.shutDown() } }
        client?.pipeline.connected = { [weak self] server in self?.assumeIsolated { $0.commandsReady(server) } }
        connect()
    }

    /// Ends for good; who waits for a subscription gets `.shutDown`.
    package func shutDown() {
        reconnect.stop()
        client?.pipeline.connected = { _ in }
        connection?.close()
        connection = nil
        server = nil
        for timer in [retry, liveness, expiry] { timer?.close() }
        loop.whenStopping(self, nil)
        carryOut(subscriptions.disconnected())
        let left = waiters
        waiters = []
        for waiter in left { waiter.continuation.resume(returning: ended) }
        received = { _ in }
        troubled = { _ in }
    }

    /// Whether all that is wanted is in force.
    package var isConnected: Bool { subscriptions.isAnnounced }

    /// Wants channels from now on, and returns when the server has confirmed them.
    /// - Throws: `.notConnected` or `.timeout` when that has not happened within `commandTimeout`: the wish stays, and is fulfilled with
    ///   the next connection; `unsubscribe` takes it back. `.authentication` or `.tooOld` at once when waiting is vain.
    package func subscribe(_ channels: [String]) async throws(RedisError) {
        carryOut(subscriptions.subscribe(channels))
        try await wait(for: Set(channels), wanted: true)
    }

    /// Wants channels no longer, and returns when the server has confirmed it, or at once when there is no connection.
    /// - Throws: `.timeout` when the server does not answer; the wish is withdrawn nevertheless.
    package func unsubscribe(_ channels: [String]) async throws(RedisError) {
        carryOut(subscriptions.unsubscribe(channels))
        try await wait(for: Set(channels), wanted: false)
    }

    // MARK: Waiting for confirmation

    private var ended: RedisError {
        RedisError(.shutDown, "The Redis subscriber of \(endpoint) is shut down or was never started.")
    }

    private func wait(for channels: Set<String>, wanted: Bool) async throws(RedisError) {
        if subscriptions.isSettled(channels, wanted: wanted) { return }
        if let standing = reconnect.standingError { throw standing }
        if case .idle = reconnect.state { throw ended }
        let deadline = Instant.now.advanced(by: options.commandTimeout)
        let error = await withCheckedContinuation { continuation in
            waiters.append(Waiter(channels: channels, wantsThem: wanted, deadline: deadline, continuation: continuation))
            if expiry?.scheduledAt == nil { expiry?.schedule(at: deadline) }
        }
        if let error { throw error }
    }

    private func settleWaiters() {
        guard !waiters.isEmpty else { return }
        let standing = reconnect.standingError
        waiters.removeAll { waiter in
            let isDone = subscriptions.isSettled(waiter.channels, wanted: waiter.wantsThem)
            guard isDone || standing != nil else { return false }
            waiter.continuation.resume(returning: isDone ? nil : standing)
            return true
        }
    }

    private func expire() {
        let now = Instant.now
        let wait = options.commandTimeout.microseconds / 1_000
        let isReady = connection?.isReady == true
        let error = RedisError(
            isReady ? .timeout : .notConnected,
            isReady
                ? "\(endpoint) did not confirm the subscription within \(wait) ms (commandTimeout)."
                : "There was no connection to \(endpoint) for \(wait) ms (commandTimeout); the subscription comes with the next one.",
            underlying: reconnect.lastError)
        waiters.removeAll { waiter in
            guard waiter.deadline <= now else { return false }
            waiter.continuation.resume(returning: error)
            return true
        }
        if let next = waiters.first?.deadline { expiry?.schedule(at: next) }
    }

    // MARK: Connection

    private func connect() {
        let connection = RedisConnection(
            on: loop, endpoint: endpoint, options: options,
            events: .init(
                ready: { [unowned self] server in assumeIsolated { $0.ready(server) } },
                received: { [unowned self] value in assumeIsolated { $0.carryOut($0.subscriptions.received(value, at: .now)) } },
                ended: { [unowned self] error in assumeIsolated { $0.lost(error) } }))
        self.connection = connection
        connection.open()
    }

    private func ready(_ server: RedisHandshake.Server) {
        self.server = server
        switch agreement.messagesReady(at: server, commands: client?.pipeline.server?.identity) {
        case .none: break
        case .messagesMove:
            tell(elsewhere)
            return move()
        case .bothMove:
            move()
            client?.pipeline.leave(elsewhere)
            return
        }
        reconnect.connected(at: .now)
        carryOut(subscriptions.connected(clientID: server.clientID))
        liveness?.schedule(at: Instant.now.advanced(by: options.livenessInterval))
    }

    /// The client has a new connection, by which no command has left yet.
    private func commandsReady(_ server: RedisHandshake.Server) {
        if case .messagesMove = agreement.commandsReady(at: server, messages: self.server) { move() }
    }

    private var elsewhere: RedisError {
        RedisError(.connectionLost, "\(endpoint) led messages and commands to different servers; both must go to one.")
    }

    private func move() {
        connection?.close()
        lost(elsewhere, isStanding: true)
    }

    /// Tells what stands in the way, once; nil: nothing any more.
    private func tell(_ trouble: RedisError?) {
        guard trouble?.message != self.trouble?.message else { return }
        self.trouble = trouble
        troubled(trouble)
    }

    private func lost(_ error: RedisError, isStanding: Bool = false) {
        connection = nil
        server = nil
        liveness?.cancel()
        let next = reconnect.failed(error, at: .now, chance: .random(in: 0..<1), isStanding: isStanding)
        carryOut(subscriptions.disconnected())
        if let next { retry?.schedule(at: next) }
    }

    private func lookForLife() {
        carryOut(subscriptions.tick(at: .now))
        if connection != nil { liveness?.schedule(at: Instant.now.advanced(by: options.livenessInterval)) }
    }

    private func carryOut(_ effects: [Subscriptions.Effect]) {
        for effect in effects {
            switch effect {
            case .send(let command):
                var encoder = CommandEncoder()
                encoder.append(command: command)
                connection?.write(draining: &encoder.bytes)
            case .event(let event):
                received(event)
                if event == .connected {
                    reconnect.isInForce(at: .now)
                    tell(nil)
                }
            case .fail(let error):
                let isStanding = error.code == .refused && !error.isPassingRefusal
                if isStanding { tell(error) }
                connection?.close()
                lost(error, isStanding: isStanding)
            }
        }
        settleWaiters()
    }
}
