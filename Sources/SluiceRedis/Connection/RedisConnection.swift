import SluiceLoop

/// One connection's life: connect, log in, serve, end. Confined to the loop's thread.
///
/// After the handshake it only carries: replies out in the order they come, bytes in. Who sent what is its owner's affair.
final class RedisConnection {
    /// What the connection tells its owner, on the loop's thread.
    struct Events {
        /// The handshake is done.
        var ready: (RedisHandshake.Server) -> Void
        /// A reply, in order; a top-level error is `.error`.
        var received: (RedisValue) -> Void
        /// It could not be made, or is over. Called at most once, and not after `close()`.
        var ended: (RedisError) -> Void
    }

    /// Bytes parsed between two looks at the replies: hiredis moves what is left of its buffer after each kilobyte consumed, so a
    /// small buffer costs less than one of a whole read.
    private static let slice = 8_192

    private let loop: EventLoop
    private let endpoint: RedisEndpoint
    private let options: RedisClientOptions
    private let reader: RedisReader
    private var handshake: RedisHandshake
    private var events: Events?
    private var lookup: SentinelLookup?
    private var stream: RedisStream?
    private var timer: LoopTimer?
    private(set) var isReady = false
    /// Writes of the owner so far; those of the handshake are not counted.
    private(set) var writeCount = 0

    init(on loop: EventLoop, endpoint: RedisEndpoint, options: RedisClientOptions, events: Events) {
        self.loop = loop
        self.endpoint = endpoint
        self.options = options
        self.events = events
        reader = RedisReader(maximumReply: options.maximumReply)
        handshake = RedisHandshake(endpoint: endpoint, clientName: options.clientName)
    }

    /// Begins to connect; call it once.
    func open() {
        // The stream and the lookup bound connecting; this bounds the login as well.
        timer = LoopTimer(on: loop) { [weak self] in self?.timedOut() }
        timer?.schedule(at: Instant.now.advanced(by: options.connectTimeout))
        guard let sentinels = endpoint.sentinels else { return connect(to: endpoint.destination) }
        let lookup = SentinelLookup(on: loop, sentinels, patience: options.connectTimeout) { [weak self] answer in
            self?.lookup = nil
            switch answer {
            case .success(let master): self?.connect(to: master)
            case .failure(let error): self?.end(error)
            }
        }
        self.lookup = lookup
        lookup.start()
    }

    private func connect(to destination: ByteStream.Destination) {
        var streamOptions = ByteStream.Options()
        streamOptions.connectTimeout = options.connectTimeout
        streamOptions.unacknowledgedTimeout = options.commandTimeout
        let stream = RedisStream(
            on: loop, to: destination, tls: endpoint.tls, options: streamOptions,
            events: .init(
                opened: { [weak self] in self?.begin() }, received: { [weak self] bytes in self?.receive(bytes) },
                ended: { [weak self] error in self?.streamEnded(error) }))
        self.stream = stream
        stream.open()
    }

    /// Bytes that the kernel has not taken yet.
    var queuedBytes: Int { stream?.queuedBytes ?? 0 }

    /// Sends bytes and empties the array.
    func write(draining bytes: inout [UInt8]) {
        writeCount += 1
        stream?.write(draining: &bytes)
    }

    /// Ends the connection, silently; again is harmless.
    func close() {
        events = nil
        isReady = false
        timer?.close()
        timer = nil
        lookup?.close()
        lookup = nil
        stream?.close()
        stream = nil
    }

    private func end(_ error: RedisError) {
        guard let events else { return }
        close()
        events.ended(error)
    }

    private func begin() {
        var encoder = CommandEncoder()
        for command in handshake.commands { encoder.append(command: command) }
        stream?.write(draining: &encoder.bytes)
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        do throws(RedisError) {
            var start = 0
            while start < bytes.count {
                let end = min(start + Self.slice, bytes.count)
                try reader.feed(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
                while let reply = try reader.next() {
                    deliver(reply)
                    if events == nil { return }  // The owner closed us over what it got.
                }
            }
        } catch {
            end(error)
        }
    }

    private func deliver(_ reply: RedisValue) {
        if isReady {
            events?.received(reply)
            return
        }
        switch handshake.received(reply) {
        case .waiting: break
        case .failed(let error): end(error)
        case .ready(let server):
            isReady = true
            timer?.close()
            timer = nil
            events?.ready(server)
        }
    }

    private func streamEnded(_ error: LoopError) {
        if [TLSSession.untrusted, TLSSession.unusable].contains(error.code) {
            return end(RedisError(.untrusted, "\(endpoint) cannot be trusted: \(error.message).", underlying: error))
        }
        let what = isReady ? "The connection to \(endpoint) was lost" : "No connection to \(endpoint) could be made"
        end(RedisError(isReady ? .connectionLost : .notConnected, "\(what): \(error.message).", underlying: error))
    }

    private func timedOut() {
        let wait = options.connectTimeout.microseconds / 1_000
        let guess = endpoint.tls == nil ? "does not answer." : "does not answer (is this its port for TLS?)."
        end(RedisError(.notConnected, "\(endpoint) was not ready within \(wait) ms (connectTimeout): it does not connect, or \(guess)"))
    }
}
