import SluiceLoop

/// The bytes of one connection to Redis, in the clear or by TLS. Like the `ByteStream` below it: `open()` once, then `opened`, bytes,
/// `ended`. Confined to the loop's thread.
//
// @unchecked Sendable: touched only on the loop's thread; the end after a failed write comes back there by `execute`.
final class RedisStream: @unchecked Sendable {
    private let loop: EventLoop
    private let destination: ByteStream.Destination
    private let tls: TLSSettings?
    private var events: ByteStream.Events?
    private var stream: ByteStream?
    private(set) var session: TLSSession?
    /// Whether bytes could not be encrypted: none may follow them, and the stream is about to end.
    private var isBroken = false
    /// Encrypted bytes on their way out.
    private var outgoing: [UInt8] = []

    /// - Parameter tls: nil: in the clear.
    init(
        on loop: EventLoop, to destination: ByteStream.Destination, tls: TLSSettings?, options: ByteStream.Options,
        events: ByteStream.Events
    ) {
        self.loop = loop
        self.destination = destination
        self.tls = tls
        self.events = events
        stream = ByteStream(
            on: loop, to: destination, options: options,
            events: .init(
                opened: { [weak self] in self?.connected() }, received: { [weak self] bytes in self?.arrived(bytes) },
                ended: { [weak self] error in self?.end(error) }))
    }

    /// Begins to connect; call it once.
    func open() { stream?.open() }

    /// Bytes that the kernel has not taken yet.
    var queuedBytes: Int { stream?.queuedBytes ?? 0 }

    /// Sends bytes and empties the array. Before `opened` and after the end, bytes are dropped.
    func write(draining bytes: inout [UInt8]) {
        guard tls != nil else {
            stream?.write(draining: &bytes)
            return
        }
        defer { bytes.removeAll(keepingCapacity: true) }
        guard let session, session.isEstablished, !isBroken else { return }
        do throws(LoopError) {
            try session.write(bytes)
        } catch {
            isBroken = true
            // Not from within the writer's own call: it would find itself ended half-way.
            loop.execute { self.end(error) }
        }
        flush()
    }

    /// Ends the stream, silently; again is harmless.
    func close() {
        events = nil
        session = nil
        stream?.close()
        stream = nil
    }

    private func end(_ error: LoopError) {
        guard let events else { return }
        close()
        events.ended(error)
    }

    private func connected() {
        guard let tls else {
            events?.opened()
            return
        }
        do throws(LoopError) {
            let session = try TLSSession(tls, host: destination.host)
            self.session = session
            try session.advance()
            flush()
        } catch {
            end(error)
        }
    }

    private func arrived(_ bytes: UnsafeRawBufferPointer) {
        guard let session else {
            events?.received(bytes)
            return
        }
        do throws(LoopError) {
            session.feed(bytes)
            if !session.isEstablished {
                try session.advance()
                flush()
                guard session.isEstablished else { return }
                events?.opened()
            }
            try deliver(session)
            flush()
        } catch {
            flush()  // The alert that tells the peer why.
            end(error)
        }
    }

    private func deliver(_ session: TLSSession) throws(LoopError) {
        while events != nil, let bytes = try session.read() { events?.received(bytes) }
    }

    private func flush() {
        session?.drain(into: &outgoing)
        stream?.write(draining: &outgoing)
    }
}

extension ByteStream.Destination {
    /// The host's name or address; of a Unix socket its path.
    fileprivate var host: String {
        switch self {
        case .tcp(let host, _): host
        case .unix(let path): path
        }
    }
}
