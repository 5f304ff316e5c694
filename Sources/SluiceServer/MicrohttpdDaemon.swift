internal import CSluiceMicrohttpd
internal import Glibc
internal import SluiceLoop

/// libmicrohttpd driven by a loop of ours. Confined to the loop's thread.
///
/// The library keeps its sockets in an epoll set of its own; the loop watches that one descriptor and lets the library run when it is
/// ready. There is no thread besides the loop's, so the handler's answer costs no hand-over.
final class MicrohttpdDaemon {
    /// Turns that the library may take in a row before the loop looks at other sockets.
    private static let turnsInARow = 4

    let options: ServerOptions
    let handler: @Sendable (ServerRequest) -> ServerReply
    /// Starts the work of an answer that comes later, for the connection with this number.
    let answerLater: (UInt64, @escaping @Sendable () async -> ServerResponse) -> Void
    /// Starts the work of a raw reply to the connection with this number.
    let answerRaw: (UInt64, RawReply) -> Void
    /// Ends the work for the connection with this number: its client has gone.
    let abandon: (UInt64) -> Void
    private(set) var isDraining = false
    /// Whether it is about to end: no request is taken any more.
    private(set) var isStopping = false

    private let loop: EventLoop
    private var daemon: OpaquePointer?
    private var watch: DescriptorWatch?
    private var again: LoopTimer?
    private var sweep: LoopTimer?
    private var connections: [UInt64: MicrohttpdConnection] = [:]
    private var lastConnection: UInt64 = 0
    private var isRunScheduled = false
    private var hasClosed = false
    private var drained: (() -> Void)?

    /// Accepts connections from `descriptor`, a listening socket, which is the daemon's from now on.
    init(
        on loop: EventLoop, descriptor: Int32, options: ServerOptions, handler: @escaping @Sendable (ServerRequest) -> ServerReply,
        answerLater: @escaping (UInt64, @escaping @Sendable () async -> ServerResponse) -> Void,
        answerRaw: @escaping (UInt64, RawReply) -> Void, abandon: @escaping (UInt64) -> Void
    ) throws(ServerError) {
        self.loop = loop
        self.options = options
        self.handler = handler
        self.answerLater = answerLater
        self.answerRaw = answerRaw
        self.abandon = abandon
        let callbacks = sluice_mhd_callbacks(
            context: Unmanaged.passUnretained(self).toOpaque(), target: Self.target, request: Self.request, completed: Self.completed,
            connection: Self.connection)
        // The library counts whole seconds, and the same ones as our sweep: it must not be the earlier.
        let seconds = UInt32(clamping: (options.idleTimeout.microseconds + 999_999) / 1_000_000 + 1)
        daemon = sluice_mhd_start(descriptor, callbacks, options.maxHeaderBytes, UInt32(clamping: options.maxConnections), seconds)
        guard let daemon else {
            close(descriptor)
            throw ServerError(.system, "libmicrohttpd could not start on \(options.address): out of file descriptors or memory")
        }
        do throws(LoopError) {
            watch = try DescriptorWatch(on: loop, descriptor: sluice_mhd_epoll_descriptor(daemon)) { [unowned self] _ in run() }
        } catch {
            MHD_stop_daemon(daemon)
            self.daemon = nil
            throw ServerError(.system, "the loop cannot watch the HTTP library's descriptor: \(error.message)", underlying: error)
        }
        again = LoopTimer(on: loop) { [unowned self] in run() }
        sweep = LoopTimer(on: loop) { [unowned self] in sweepConnections() }
        watch?.watch(.readable)
    }

    /// Connections that are open.
    var connectionCount: Int { connections.count }

    // MARK: Life

    /// Accepts no more, lets answers finish, closes connections that wait for their client, and calls `drained` when none is left.
    func drain(_ drained: @escaping () -> Void) {
        guard let daemon, !isDraining else { return drained() }
        isDraining = true
        let descriptor = MHD_quiesce_daemon(daemon)
        if descriptor >= 0 { close(descriptor) }
        self.drained = drained
        for connection in connections.values where connection.isWaitingForClient { connection.cut() }
        scheduleSweep()
        runSoon()
    }

    /// Ends everything. Connections that are still open break off, after one chance to send what `answer` gave them.
    /// Calls `stopped` when the library has ended.
    func stop(_ stopped: @escaping () -> Void) {
        guard let daemon else { return stopped() }
        isStopping = true
        MHD_run(daemon)
        self.daemon = nil
        again?.close()
        sweep?.close()
        watch?.stop()
        // The library closes the descriptor that we watch, so the watch must be gone before; it is gone a turn later.
        // It keeps us as well until then: the library's last notices still reach us.
        watch?.close { [self] in
            MHD_stop_daemon(daemon)
            connections = [:]
            stopped()
        }
    }

    /// Gives the promised answer to a connection, if it is still there.
    func answer(_ id: UInt64, _ response: ServerResponse) {
        guard let connection = connections[id] else { return }
        connection.answer(response)
        runSoon()
    }

    /// Sends bytes past the library; false when the connection is gone.
    func write(_ id: UInt64, _ bytes: [UInt8]) -> Bool { connections[id]?.write(bytes) ?? false }

    /// Ends a connection whose answer was promised, without one.
    func hangUp(_ id: UInt64) {
        connections[id]?.hangUp()
        runSoon()
    }

    // MARK: Running

    private func runSoon() {
        guard !isRunScheduled else { return }
        isRunScheduled = true
        loop.beforeWaiting { [weak self] in
            self?.isRunScheduled = false
            self?.run()
        }
    }

    private func run() {
        guard let daemon else { return }
        var turns = 0
        repeat {
            MHD_run(daemon)
            turns += 1
        } while sluice_mhd_must_run_again(daemon) != 0 && turns < Self.turnsInARow
        // At its limit of connections or descriptors the library stops to listen, and begins again only when it runs *after* it has
        // cleared a closed connection away. Nothing else would wake it: it may be the last connection that has closed.
        if turns == Self.turnsInARow || hasClosed { again?.schedule(at: .now) }
        hasClosed = false
        if isDraining, connections.isEmpty, let drained {
            self.drained = nil
            drained()
        }
    }

    /// Cuts off clients that take too long with a request or an answer, and gives up what is still being made for clients that have gone.
    /// The library's own timeout starts anew with every byte, and it reads nothing while an answer is made.
    private func sweepConnections() {
        let now = Instant.now
        for connection in connections.values {
            if connection.isLingering || connection.isOverdue(at: now) { connection.cut() }
            guard connection.isAbandoned else { continue }
            abandon(connection.id)
            connection.hangUp()
        }
        run()
        scheduleSweep()
    }

    private func scheduleSweep() {
        guard !connections.isEmpty, sweep?.scheduledAt == nil else { return }
        sweep?.schedule(afterMicroseconds: min(1_000_000, max(5_000, options.idleTimeout.microseconds / 4)))
    }

    // MARK: What the library calls

    private static let target:
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
            _, text, raw in
            let context = sluice_mhd_socket_context(raw)
            if let context, let text { Unmanaged<MicrohttpdConnection>.fromOpaque(context).takeUnretainedValue().receive(target: text) }
            return context
        }

    private static let request: MHD_AccessHandlerCallback = { _, _, _, method, version, piece, count, context in
        guard let method, let version, let count, let known = context?.pointee else { return .NO }
        return Unmanaged<MicrohttpdConnection>.fromOpaque(known).takeUnretainedValue().proceed(
            method: method, version: version, piece: piece, count: count)
    }

    private static let completed: MHD_RequestCompletedCallback = { _, _, context, code in
        guard let known = context?.pointee else { return }
        Unmanaged<MicrohttpdConnection>.fromOpaque(known).takeUnretainedValue().complete(isWhole: sluice_mhd_is_whole(code) != 0)
    }

    private static let connection: MHD_NotifyConnectionCallback = { context, raw, known, code in
        let daemon = Unmanaged<MicrohttpdDaemon>.fromOpaque(context!).takeUnretainedValue()
        guard let raw, let known else { return }
        if sluice_mhd_is_start(code) != 0 {
            daemon.lastConnection += 1
            let connection = MicrohttpdConnection(id: daemon.lastConnection, raw, of: daemon)
            daemon.connections[connection.id] = connection
            known.pointee = Unmanaged.passUnretained(connection).toOpaque()
            daemon.scheduleSweep()
        } else if let context = known.pointee {
            let id = Unmanaged<MicrohttpdConnection>.fromOpaque(context).takeUnretainedValue().id
            known.pointee = nil
            daemon.connections[id] = nil
            daemon.hasClosed = true
        }
    }
}
