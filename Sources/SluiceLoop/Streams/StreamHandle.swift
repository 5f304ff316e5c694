internal import CSluiceLibuv

/// The owner of one libuv stream, TCP or Unix pipe, for one attempt to connect. Confined to the loop's thread.
///
/// libuv keeps the memory until the close callback, so the handle keeps itself alive until then. Callbacks come on the loop's
/// thread, and none comes after `close()`.
final class StreamHandle {
    /// What is done to a TCP socket once it is connected.
    struct Tuning {
        /// Seconds of silence before the kernel probes the peer.
        var keepAliveSeconds: UInt32
        /// Milliseconds that sent bytes may stay unacknowledged before the kernel gives the connection up.
        var userTimeoutMilliseconds: UInt32
    }

    private let loop: EventLoop
    private let isTCP: Bool
    /// `uv_tcp_t` or `uv_pipe_t`: both begin with a `uv_stream_t`.
    private let memory: UnsafeMutableRawPointer
    private let buffer: UnsafeMutableRawBufferPointer
    private var connected: ((Int32) -> Void)?
    private var received: ((UnsafeRawBufferPointer) -> Void)?
    private var failed: ((Int32) -> Void)?
    private var isClosed = false

    private var stream: UnsafeMutablePointer<uv_stream_t> { memory.assumingMemoryBound(to: uv_stream_t.self) }
    private var handle: UnsafeMutablePointer<uv_handle_t> { memory.assumingMemoryBound(to: uv_handle_t.self) }

    /// - Parameter isTCP: false for a Unix pipe.
    init(on loop: EventLoop, isTCP: Bool, bufferSize: Int) throws(LoopError) {
        self.loop = loop
        self.isTCP = isTCP
        buffer = .allocate(byteCount: bufferSize, alignment: 16)
        let status: Int32
        if isTCP {
            let tcp = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
            memory = UnsafeMutableRawPointer(tcp)
            status = uv_tcp_init(loop.rawLoop, tcp)
        } else {
            let pipe = UnsafeMutablePointer<uv_pipe_t>.allocate(capacity: 1)
            memory = UnsafeMutableRawPointer(pipe)
            status = uv_pipe_init(loop.rawLoop, pipe, 0)
        }
        guard status == 0 else {
            isClosed = true
            throw LoopError(status: status, "make a socket")
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    deinit {
        memory.deallocate()
        buffer.deallocate()
    }

    /// Begins to connect to an address; `connected` gets libuv's status.
    func connect(to address: SocketAddress, _ connected: @escaping (Int32) -> Void) {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        self.connected = connected
        let status = address.withSockAddr {
            uv_tcp_connect(request, memory.assumingMemoryBound(to: uv_tcp_t.self), $0, StreamHandle.connectCallback)
        }
        if status != 0 {
            request.deallocate()
            finishConnecting(status)
        }
    }

    /// Begins to connect to a Unix socket; `connected` gets libuv's status.
    func connect(toPath path: String, _ connected: @escaping (Int32) -> Void) {
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        self.connected = connected
        // Reports errors through the callback, so the request is always given back there.
        uv_pipe_connect(request, memory.assumingMemoryBound(to: uv_pipe_t.self), path, StreamHandle.connectCallback)
    }

    /// Sets the options of a connected TCP socket; what the system refuses of them is not worth losing the connection for.
    func tune(_ tuning: Tuning) {
        guard isTCP, !isClosed else { return }
        let tcp = memory.assumingMemoryBound(to: uv_tcp_t.self)
        uv_tcp_nodelay(tcp, 1)
        uv_tcp_keepalive(tcp, 1, tuning.keepAliveSeconds)
        var descriptor: Int32 = -1
        guard uv_fileno(handle, &descriptor) == 0 else { return }
        var milliseconds = tuning.userTimeoutMilliseconds
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, socklen_t(MemoryLayout<UInt32>.size))
    }

    /// Begins to read. `received` borrows the one reused buffer for the length of the call; `failed` gets libuv's status, `UV_EOF` included.
    func startReading(_ received: @escaping (UnsafeRawBufferPointer) -> Void, failed: @escaping (Int32) -> Void) {
        guard !isClosed else { return }
        self.received = received
        self.failed = failed
        uv_read_start(
            stream,
            { handle, _, room in
                let buffer = StreamHandle.of(handle!.pointee.data).buffer
                room!.pointee = uv_buf_init(buffer.baseAddress!.assumingMemoryBound(to: CChar.self), UInt32(buffer.count))
            },
            { stream, count, _ in
                if count == 0 { return }  // The system had nothing after all.
                let this = StreamHandle.of(stream!.pointee.data)
                if count > 0 {
                    this.received?(UnsafeRawBufferPointer(rebasing: this.buffer[..<count]))
                } else {
                    this.failed?(Int32(count))
                }
            })
    }

    /// Bytes that wait in libuv for the socket to take them.
    var queuedBytes: Int { isClosed ? 0 : uv_stream_get_write_queue_size(stream) }

    /// Hands as much to the socket as it takes at once: how many bytes, or a negative status. 0 while earlier bytes still wait.
    func writeAtOnce(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isClosed, !bytes.isEmpty else { return 0 }
        var vector = uv_buf_init(
            UnsafeMutablePointer(mutating: bytes.baseAddress!.assumingMemoryBound(to: CChar.self)), UInt32(min(bytes.count, 1 << 30)))
        let status = uv_try_write(stream, &vector, 1)
        return status == UV_EAGAIN.rawValue ? 0 : Int(status)
    }

    /// Queues a copy of the bytes behind what waits already; an error of the socket comes to `failed` of `startReading`.
    func writeLater(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed, !bytes.isEmpty else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyMemory(from: bytes)
        let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
        request.pointee.data = copy.baseAddress
        var offset = 0
        var vectors: [uv_buf_t] = []
        while offset < copy.count {  // A vector's length is 32 bits for `uv_buf_init`.
            let length = min(copy.count - offset, 1 << 30)
            vectors.append(uv_buf_init((copy.baseAddress! + offset).assumingMemoryBound(to: CChar.self), UInt32(length)))
            offset += length
        }
        let status = uv_write(request, stream, &vectors, UInt32(vectors.count), StreamHandle.writeCallback)
        if status != 0 {
            StreamHandle.release(request)
            failed?(status)
        }
    }

    /// Ends the connection or the attempt; again is harmless.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        connected = nil
        received = nil
        failed = nil
        guard uv_is_closing(handle) == 0 else { return }
        loop.checkIsolated()
        uv_close(handle) { Unmanaged<StreamHandle>.fromOpaque($0!.pointee.data).release() }
    }

    private func finishConnecting(_ status: Int32) {
        let connected = connected
        self.connected = nil
        connected?(status)
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> StreamHandle {
        Unmanaged<StreamHandle>.fromOpaque(data!).takeUnretainedValue()
    }

    private static func release(_ request: UnsafeMutablePointer<uv_write_t>) {
        request.pointee.data.deallocate()
        request.deallocate()
    }

    // Both are called with UV_ECANCELED when the handle is closed, before its close callback: the handle is still there.
    private static let connectCallback: @convention(c) (UnsafeMutablePointer<uv_connect_t>?, Int32) -> Void = { request, status in
        let this = StreamHandle.of(request!.pointee.handle.pointee.data)
        request!.deallocate()
        this.finishConnecting(status)
    }

    private static let writeCallback: @convention(c) (UnsafeMutablePointer<uv_write_t>?, Int32) -> Void = { request, status in
        let this = StreamHandle.of(request!.pointee.handle.pointee.data)
        StreamHandle.release(request!)
        if status < 0 { this.failed?(status) }
    }
}
