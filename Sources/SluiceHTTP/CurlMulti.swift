internal import CSluiceCurl
internal import CSluiceOpenSSL
import SluiceLoop

/// curl's multi handle, driven by the loop. Confined to the loop's thread.
///
/// curl says which sockets to watch and when it wants to be called; both come back through `curl_multi_socket_action`,
/// never inside one of curl's own callbacks. "At once" (a timer of zero) is gathered: all transfers that a turn of the
/// loop adds are started together, just before the loop waits.
final class CurlMulti {
    /// curl's result for a transfer that is complete.
    static let success = CURLE_OK

    private let loop: EventLoop
    private let options: HTTPClientOptions
    private let finished: (CurlEasy, CURLcode) -> Void
    private let passed: (CurlEasy) -> Void
    private let multi: UnsafeMutableRawPointer
    private var timer: LoopTimer?
    private var due = Instant.distantFuture
    private var isKickAsked = false
    private var isClosed = false
    private var sockets: [Int32: Socket] = [:]
    private var spare: [CurlEasy] = []

    /// A socket of curl's, from its opening to its closing: its number may be another's the moment after.
    private final class Socket {
        var watch: DescriptorWatch?
        /// Whether curl opened it through us, and so will tell us when it closes.
        let isConnection: Bool
        /// What curl wants to hear of.
        var wanted = DescriptorWatch.Readiness()
        /// What libuv watches. It may lag behind: an idle connection stays registered, so that the next request on it costs
        /// no system call, until it really becomes readable (the server closed it) and nobody wants to hear of it.
        var watched = DescriptorWatch.Readiness()

        init(isConnection: Bool) { self.isConnection = isConnection }

        func update() {
            guard wanted != watched, !(wanted.isEmpty && watched == .readable) else { return }
            watched = wanted
            watch?.watch(wanted)
        }
    }

    private static let isGloballyReady = sluice_tls_begin() == 1 && curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Parameters:
    ///   - finished: a transfer is over, by curl's result; it has left the multi handle and is the receiver's to give back.
    ///   - passed: an attempt passed its gate. Called inside curl: it must not call this object.
    init(
        on loop: EventLoop, options: HTTPClientOptions, finished: @escaping (CurlEasy, CURLcode) -> Void,
        passed: @escaping (CurlEasy) -> Void
    ) {
        precondition(Self.isGloballyReady, "curl could not be initialised: out of memory")
        self.loop = loop
        self.options = options
        self.finished = finished
        self.passed = passed
        multi = curl_multi_init()
        timer = LoopTimer(on: loop) { [weak self] in self?.timerFired() }
        let me = Unmanaged.passUnretained(self).toOpaque()
        sluice_curl_multi_set_callbacks(
            multi,
            { _, socket, interest, multi, _ in
                CurlMulti.of(multi).watch(socket, interest)
                return 0
            },
            { _, milliseconds, multi in
                CurlMulti.of(multi).setTimer(milliseconds)
                return 0
            }, me)
        sluice_curl_multi_set_long(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX)
        sluice_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections)
        // Without it the cache of connections shrinks with the number of transfers, and closes what the next burst needs.
        sluice_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.connections)
    }

    deinit { close() }

    /// A handle that no transfer uses.
    func takeEasy() -> CurlEasy {
        spare.popLast()
            ?? CurlEasy(
                options: options, closeSocket: { CurlMulti.of($0).closeSocket($1) },
                closeArgument: Unmanaged.passUnretained(self).toOpaque(), opened: { [weak self] in self?.opened($0) }, passed: passed)
    }

    /// Takes a handle back that is in no transfer any more.
    func giveBack(_ easy: CurlEasy) {
        easy.clear()
        if spare.count < 256 { spare.append(easy) }
    }

    /// Starts a prepared transfer, at the end of this turn of the loop.
    func start(_ easy: CurlEasy) {
        let code = easy.withHandle { curl_multi_add_handle(multi, $0) }
        precondition(code == CURLM_OK, "curl refused a fresh transfer: \(String(cString: curl_multi_strerror(code)))")
    }

    /// Cuts a transfer off: its connection is closed, or over HTTP/2 its stream is reset.
    func abort(_ easy: CurlEasy) { _ = easy.withHandle { curl_multi_remove_handle(multi, $0) } }

    /// Closes every connection. Transfers must have been aborted.
    func close() {
        guard !isClosed else { return }
        loop.checkIsolated()
        isClosed = true
        spare.removeAll()
        curl_multi_cleanup(multi)
        for socket in sockets.values { socket.watch?.close() }
        sockets.removeAll()
        timer?.close()
        timer = nil
    }

    // MARK: Calls into curl, always outside its callbacks

    private func act(_ socket: curl_socket_t, _ readiness: Int32) {
        guard !isClosed else { return }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, readiness, &running)
        var code = CURLE_OK
        while !isClosed, let handle = sluice_curl_next_finished(multi, &code) {
            let easy = CurlEasy.owner(of: handle)
            curl_multi_remove_handle(multi, handle)
            finished(easy, code)
        }
    }

    private func kick() {
        isKickAsked = false
        act(sluice_curl_timeout, 0)
    }

    private func timerFired() {
        // The timer may be set for an instant that curl has since put off: moving it each time would cost more.
        guard due <= .now else {
            timer?.schedule(at: due)
            return
        }
        due = .distantFuture
        act(sluice_curl_timeout, 0)
    }

    private func isReady(_ number: Int32, _ readiness: DescriptorWatch.Readiness) {
        guard let socket = sockets[number] else { return }
        if readiness.contains(.failed) { socket.watched = [] }  // libuv has stopped watching
        guard !socket.wanted.isEmpty else {
            socket.watched = []
            socket.watch?.stop()
            return
        }
        var mask: Int32 = 0
        if readiness.contains(.failed) { mask |= CURL_CSELECT_ERR }
        // After an error curl is to try what it waits for as well: an answer may have come before the reset, and only a
        // failed read tells it that a kept-alive connection had died.
        let tried = readiness.contains(.failed) ? socket.wanted : readiness
        if tried.contains(.readable) { mask |= CURL_CSELECT_IN }
        if tried.contains(.writable) { mask |= CURL_CSELECT_OUT }
        act(number, mask)
        // curl speaks up only when its wish changes, so a watch that libuv stopped is renewed here.
        if readiness.contains(.failed) { sockets[number]?.update() }
    }

    // MARK: Called by curl

    private func watch(_ number: Int32, _ interest: Int32) {
        let socket = sockets[number] ?? Socket(isConnection: false)
        if interest == CURL_POLL_REMOVE, !socket.isConnection {
            // Something of curl's own (its resolver's pipe): it closes that without telling.
            socket.watch?.close()
            sockets[number] = nil
            return
        }
        if socket.watch == nil {
            guard interest != CURL_POLL_REMOVE else { return }
            socket.watch = try? DescriptorWatch(on: loop, descriptor: number) { [weak self] in self?.isReady(number, $0) }
            sockets[number] = socket
        }
        switch interest {
        case CURL_POLL_IN: socket.wanted = .readable
        case CURL_POLL_OUT: socket.wanted = .writable
        case CURL_POLL_INOUT: socket.wanted = [.readable, .writable]
        default: socket.wanted = []
        }
        socket.update()
    }

    private func opened(_ number: Int32) {
        sockets[number]?.watch?.close()
        sockets[number] = Socket(isConnection: true)
    }

    private func closeSocket(_ number: Int32) -> Int32 {
        sockets.removeValue(forKey: number)?.watch?.close()
        return sluice_close_stream_socket(number)
    }

    private func setTimer(_ milliseconds: Int) {
        guard milliseconds != 0 else {
            guard !isKickAsked, !isClosed else { return }
            isKickAsked = true
            loop.beforeWaiting { [weak self] in self?.kick() }
            return
        }
        guard milliseconds > 0 else {
            due = .distantFuture
            return
        }
        due = Instant.now.advanced(byMicroseconds: Int64(milliseconds) * 1_000)
        if due < timer?.scheduledAt ?? .distantFuture { timer?.schedule(at: due) }
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> CurlMulti {
        Unmanaged<CurlMulti>.fromOpaque(pointer!).takeUnretainedValue()
    }
}
