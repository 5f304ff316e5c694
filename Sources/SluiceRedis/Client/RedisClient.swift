package import SluiceLoop

/// A Redis client on one connection, which it makes again by itself whenever it is lost.
///
/// All commands of one turn of the loop leave in one write (two, where that keeps the server busy: `CommandQueue.deservesHeadStart`), and
/// their replies resume their callers in order. Commands may come from any task; those of actors on the client's own loop cost no hop.
///
/// A command ends in its value or in a `RedisError`, at the latest after twice `commandTimeout` (waiting for a connection and
/// for the reply are bounded together, a retry included). Cancelling a task does not take its command back: it is short, and its
/// effect happens anyway.
///
/// Without a connection a command waits for one; it fails at once when waiting is vain (wrong password, server too old) or too many
/// bytes wait already. When the connection is lost, or a reply does not come in time, commands under way fail with
/// `.connectionLost` or `.timeout`: whether the server executed them is unknown, and only those called `idempotent` are sent again.
/// What was not sent yet leaves with the next connection, which may lead to another server: a command that holds for one server only
/// is bound to its connection, and is told `.connectionChanged` instead.
package actor RedisClient {
    /// The server.
    package nonisolated let endpoint: RedisEndpoint
    /// The loop that the client lives on.
    package nonisolated let loop: EventLoop
    nonisolated let pipeline: CommandPipeline

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A client that does nothing until `start()`. The options should have passed `validate()`.
    package init(endpoint: RedisEndpoint, loop: EventLoop, options: RedisClientOptions = .init()) {
        self.endpoint = endpoint
        self.loop = loop
        pipeline = CommandPipeline(endpoint: endpoint, loop: loop, options: options)
    }

    /// Begins to connect, and keeps the connection until `shutDown()`. Returns before there is one.
    package func start() { pipeline.start() }

    /// Ends for good: commands under way and to come get `.shutDown`.
    package func shutDown() { pipeline.stop() }

    /// Whether commands can be sent now.
    package var isConnected: Bool { pipeline.server != nil }

    /// The server of the present connection; nil without one.
    package var server: ConnectedServer? { pipeline.server }

    /// The random name of the present server's life, read when the connection was made; nil without a connection.
    package var runID: String? { server?.runID }

    /// For how long the present server has surely been up and has been the same, in microseconds; 0 without a connection.
    package var serverAge: Int64 { server?.age(at: .now) ?? 0 }

    /// Why there is no connection, as far as is known.
    package var lastConnectionError: RedisError? { pipeline.lastConnectionError }

    /// The version of the present server; nil without a connection.
    package var serverVersion: String? { server?.identity.version }

    /// Writes to the socket so far, logins apart: what batching saves can be seen in it.
    package var writeCount: Int { pipeline.writeCount }

    // MARK: Commands

    /// Sends a command and returns its reply.
    /// - Parameters:
    ///   - arguments: the command's name and what follows, any bytes.
    ///   - idempotent: executing it twice does no harm, so it is sent again when its connection is lost before the reply and there
    ///     is time left.
    /// - Throws: `.refused` for an error reply; otherwise see the type.
    @discardableResult
    package nonisolated func command(_ arguments: [[UInt8]], idempotent: Bool = false) async throws(RedisError) -> RedisValue {
        try await perform(idempotent: idempotent) { $0.append(command: arguments) }.get()
    }

    /// Sends a command of texts and returns its reply; see `command(_:idempotent:)`.
    @discardableResult
    package nonisolated func command(_ arguments: String..., idempotent: Bool = false) async throws(RedisError) -> RedisValue {
        try await perform(idempotent: idempotent) { $0.append(command: arguments) }.get()
    }

    /// Sends a command that holds for one server only, and returns its reply. It leaves by the connection that `server` was read from or
    /// not at all, and is never sent again.
    /// - Throws: `.connectionChanged` when that connection was lost before the command was sent; otherwise as `command(_:idempotent:)`.
    @discardableResult
    package nonisolated func command(_ arguments: [[UInt8]], on server: ConnectedServer) async throws(RedisError) -> RedisValue {
        try await perform(idempotent: false, boundTo: server.connection) { $0.append(command: arguments) }.get()
    }

    /// Runs a script that the server of `server` is taken to know, and returns its reply; see `command(_:on:)`.
    package nonisolated func run(
        _ script: RedisScript, keys: [String], arguments: CommandArguments, on server: ConnectedServer
    ) async throws(RedisError) -> RedisValue {
        try await perform(idempotent: false, boundTo: server.connection) { $0.append(script, keys: keys, arguments: arguments) }.get()
    }

    /// Runs a script by its digest and returns its reply. A server that does not know it is given its text first.
    /// - Parameters: `idempotent` as for `command(_:idempotent:)`; `keys` and `arguments` are the script's `KEYS` and `ARGV`.
    /// - Throws: as `command(_:idempotent:)`.
    @discardableResult
    package nonisolated func run(
        _ script: RedisScript, keys: [String], arguments: CommandArguments = [], idempotent: Bool = false
    ) async throws(RedisError) -> RedisValue {
        let result = await perform(idempotent: idempotent) { $0.append(script, keys: keys, arguments: arguments) }
        guard case .failure(let error) = result, error.replyCode == "NOSCRIPT" else { return try result.get() }
        // Both leave together. NOSCRIPT says that nothing was executed, so calling again repeats nothing.
        pipeline.enqueue(nil, idempotent: true) { $0.appendLoad(script) }
        return try await perform(idempotent: idempotent) { $0.append(script, keys: keys, arguments: arguments) }.get()
    }

    /// Sends a command without suspending, on the loop's thread only.
    /// - Parameter reply: called once on the loop's thread, at once when the command cannot even be queued.
    package nonisolated func submit(
        _ arguments: [[UInt8]], idempotent: Bool = false, _ reply: @escaping (Result<RedisValue, RedisError>) -> Void
    ) {
        loop.checkIsolated()
        pipeline.submit(.closure(reply), idempotent: idempotent) { $0.append(command: arguments) }
    }

    /// Runs a script without suspending, on the loop's thread only; see `run` and `submit`.
    package nonisolated func submit(
        _ script: RedisScript, keys: [String], arguments: CommandArguments, idempotent: Bool = false,
        _ reply: @escaping (Result<RedisValue, RedisError>) -> Void
    ) {
        loop.checkIsolated()
        let again: (Result<RedisValue, RedisError>) -> Void = { [pipeline] result in
            guard case .failure(let error) = result, error.replyCode == "NOSCRIPT" else {
                reply(result)
                return
            }
            pipeline.submit(.ignored, idempotent: true) { $0.appendLoad(script) }
            pipeline.submit(.closure(reply), idempotent: idempotent) { $0.append(script, keys: keys, arguments: arguments) }
        }
        pipeline.submit(.closure(again), idempotent: idempotent) { $0.append(script, keys: keys, arguments: arguments) }
    }

    private nonisolated func perform(
        idempotent: Bool, boundTo connection: UInt32? = nil, _ encode: (inout CommandEncoder) -> Void
    ) async -> Result<RedisValue, RedisError> {
        let isFree = isFree(#isolation)
        guard loop.isCurrent, !isFree, !loop.isPreferredByCurrentTask else {
            return await withUnsafeContinuation {
                pipeline.enqueue($0, isFree: isFree, idempotent: idempotent, boundTo: connection, encode)
            }
        }
        // A reply resumes its task by way of the task's preferred executor, before it hops back to the actor that awaited it. Where that
        // is the global pool, a reply awaited on the loop would wake another thread only to be sent back.
        return await withTaskExecutorPreference(loop) {
            await withUnsafeContinuation { pipeline.enqueue($0, idempotent: idempotent, boundTo: connection, encode) }
        }
    }

    private nonisolated func isFree(_ isolation: (any Actor)?) -> Bool { isolation == nil }
}

extension CommandEncoder {
    fileprivate mutating func append(_ script: RedisScript, keys: [String], arguments: CommandArguments) {
        begin(3 + keys.count + arguments.count)
        append("EVALSHA")
        append(script.digest)
        append(Int64(keys.count))
        for key in keys { append(key) }
        append(arguments)
    }

    fileprivate mutating func appendLoad(_ script: RedisScript) {
        begin(3)
        append("SCRIPT")
        append("LOAD")
        append(script.source)
    }
}
