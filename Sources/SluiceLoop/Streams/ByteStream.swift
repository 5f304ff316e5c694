/// A connected TCP or Unix stream of bytes, or one that is on its way. Confined to the loop's thread.
///
/// One object is one connection: `open()` once, then `opened`, bytes, and at last `ended`, each on the loop's thread.
/// After `close()` nothing is called any more.
//
// @unchecked Sendable: touched only on the loop's thread; the name lookup comes back there by `execute`.
package final class ByteStream: @unchecked Sendable {
    /// Where to connect to.
    package enum Destination: Hashable, Sendable, CustomStringConvertible {
        /// A host by name or address.
        case tcp(host: String, port: UInt16)
        /// The path of a Unix socket.
        case unix(path: String)

        package var description: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): path
            }
        }
    }

    /// How the stream behaves.
    package struct Options: Sendable {
        /// Time for name lookup and connecting together. Default 2 s.
        package var connectTimeout: Duration = .seconds(2)
        /// How long sent bytes may stay unacknowledged (TCP only). Default 2 s.
        package var unacknowledgedTimeout: Duration = .seconds(2)
        /// Silence after which the kernel probes the peer (TCP only), in whole seconds. Default 15 s.
        package var keepAlive: Duration = .seconds(15)
        /// Bytes of the one buffer that is read into. Default 64 KiB.
        package var readBuffer = 65_536

        package init() {}
    }

    /// What the stream tells its owner.
    package struct Events {
        /// Connected; bytes can be written.
        package var opened: () -> Void
        /// Bytes, in a buffer that is used again after the call.
        package var received: (UnsafeRawBufferPointer) -> Void
        /// Connecting failed, or the connection is over (code `EOF` when the peer ended it). Called at most once; the stream is closed.
        package var ended: (LoopError) -> Void

        package init(
            opened: @escaping () -> Void, received: @escaping (UnsafeRawBufferPointer) -> Void, ended: @escaping (LoopError) -> Void
        ) {
            self.opened = opened
            self.received = received
            self.ended = ended
        }
    }

    /// Where this stream leads.
    package let destination: Destination
    private let loop: EventLoop
    private let options: Options
    private var events: Events?
    private var handle: StreamHandle?
    private var isOpen = false
    private var timer: LoopTimer?
    private var deadline = Instant.distantFuture
    private var remaining: [SocketAddress] = []

    package init(on loop: EventLoop, to destination: Destination, options: Options, events: Events) {
        self.loop = loop
        self.destination = destination
        self.options = options
        self.events = events
    }

    /// Begins to connect; call it once. A host's addresses are tried one after the other, each with its share of the time left.
    package func open() {
        loop.checkIsolated()
        guard loop.isOpen else {
            end(LoopError(code: "ECANCELED", message: "connect to \(destination): the loop is shutting down"))
            return
        }
        loop.atStop(ObjectIdentifier(self)) { [self] in
            end(LoopError(code: "ECANCELED", message: "the connection to \(destination) ends with its loop"))
        }
        deadline = Instant.now.advanced(by: options.connectTimeout)
        timer = LoopTimer(on: loop) { [self] in attemptTimedOut() }
        timer?.schedule(at: deadline)
        switch destination {
        case .unix(let path):
            attempt(isTCP: false) { handle, connected in handle.connect(toPath: path, connected) }
        case .tcp(let host, let port):
            if let literal = SocketAddress(ip: host, port: port) {
                remaining = [literal]
                attemptNext(after: nil)
                return
            }
            let loop = loop
            Task {
                let found: Result<[SocketAddress], LoopError>
                do throws(LoopError) {
                    found = .success(try await NameLookup.addresses(of: host, port: port, on: loop))
                } catch {
                    found = .failure(error)
                }
                loop.execute { self.lookedUp(found) }
            }
        }
    }

    /// Bytes that the kernel has not taken yet.
    package var queuedBytes: Int { handle?.queuedBytes ?? 0 }

    /// Writes all of the bytes and empties the array, whose memory stays for the next use. What the kernel does not take now is kept
    /// and follows in order. Before `opened` and after the end, bytes are dropped.
    package func write(draining bytes: inout [UInt8]) {
        defer { bytes.removeAll(keepingCapacity: true) }
        guard isOpen, let handle, !bytes.isEmpty else { return }
        let failure: Int32? = bytes.withUnsafeBytes { all in
            let taken = handle.writeAtOnce(all)
            if taken < 0 { return Int32(taken) }
            if taken < all.count { handle.writeLater(UnsafeRawBufferPointer(rebasing: all[taken...])) }
            return nil
        }
        if let failure {
            // Not from within the writer's own call: it would find itself ended half-way.
            loop.execute { self.end(LoopError(status: failure, "write to \(self.destination)")) }
        }
    }

    /// Ends the stream, silently; again is harmless.
    package func close() {
        guard events != nil else { return }
        events = nil
        isOpen = false
        timer?.close()
        timer = nil
        handle?.close()
        handle = nil
        loop.atStop(ObjectIdentifier(self), nil)
    }

    private func end(_ error: LoopError) {
        guard let events else { return }
        close()
        events.ended(error)
    }

    private func lookedUp(_ found: Result<[SocketAddress], LoopError>) {
        guard events != nil else { return }
        switch found {
        case .failure(let error): end(error)
        case .success(let addresses):
            remaining = addresses
            attemptNext(after: nil)
        }
    }

    private func attemptNext(after error: LoopError?) {
        handle?.close()
        handle = nil
        guard !remaining.isEmpty else {
            end(error ?? LoopError(code: "EAI_NODATA", message: "the host of \(destination) has no address"))
            return
        }
        let address = remaining.removeFirst()
        let share = deadline.microseconds(since: .now) / Int64(remaining.count + 1)
        timer?.schedule(afterMicroseconds: share)
        attempt(isTCP: true) { handle, connected in handle.connect(to: address, connected) }
    }

    private func attempt(isTCP: Bool, _ connect: (StreamHandle, @escaping (Int32) -> Void) -> Void) {
        do throws(LoopError) {
            let handle = try StreamHandle(on: loop, isTCP: isTCP, bufferSize: options.readBuffer)
            self.handle = handle
            connect(handle) { [self] status in attemptFinished(handle, status) }
        } catch {
            end(error)
        }
    }

    private func attemptFinished(_ handle: StreamHandle, _ status: Int32) {
        guard events != nil, self.handle === handle else { return }
        guard status == 0 else {
            attemptNext(after: LoopError(status: status, "connect to \(destination)"))
            return
        }
        timer?.close()
        timer = nil
        remaining = []
        isOpen = true
        handle.tune(
            .init(
                keepAliveSeconds: UInt32(clamping: options.keepAlive.components.seconds),
                userTimeoutMilliseconds: UInt32(clamping: options.unacknowledgedTimeout.microseconds / 1_000)))
        handle.startReading(
            { [weak self] bytes in self?.events?.received(bytes) },
            failed: { [weak self] status in
                guard let self else { return }
                end(LoopError(status: status, "the connection to \(destination)"))
            })
        events?.opened()
    }

    private func attemptTimedOut() {
        let wait = options.connectTimeout.microseconds / 1_000
        let error = LoopError(code: "ETIMEDOUT", message: "connect to \(destination): no connection within \(wait) ms")
        // A lookup under way has no handle yet, and no other address to try.
        if handle == nil { end(error) } else { attemptNext(after: error) }
    }
}
