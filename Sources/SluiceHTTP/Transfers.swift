import SluiceLoop

/// All of a client's transfers, from the request to the one outcome that each has. Confined to the loop's thread.
///
/// A transfer waits for its turn (``Admission``), then for its host's addresses (``NameCache``), then runs (``CurlMulti``).
/// Its deadline, its caller's cancelling and the client's end can meet it at any of these stages.
final class Transfers {
    /// What a transfer comes to.
    typealias Outcome = Result<HTTPResponse, HTTPError>

    private enum Stage {
        case queued
        case lookingUp
        case running(CurlEasy)
    }

    /// An object, so that looking it up copies nothing.
    private final class Transfer {
        let request: HTTPRequest
        let origin: Origin
        let timeout: Duration
        let beganAt = Instant.now
        let startBy: Instant
        let timer: Deadline
        let gate: () -> Bool
        let finish: (Outcome) -> Void
        var stage = Stage.queued
        /// When the lookup of its name began, if there was one.
        var lookedUpSince: Instant?

        init(
            request: HTTPRequest, origin: Origin, timeout: Duration, startBy: Instant, timer: Deadline, gate: @escaping () -> Bool,
            finish: @escaping (Outcome) -> Void
        ) {
            self.request = request
            self.origin = origin
            self.timeout = timeout
            self.startBy = startBy
            self.timer = timer
            self.gate = gate
            self.finish = finish
        }

        var deadline: Instant { beganAt.advanced(by: timeout) }

        /// The handle of a transfer that has got so far.
        var easy: CurlEasy? { if case .running(let easy) = stage { easy } else { nil } }

        /// When it got one of our connections, or leave to make one: a lookup of the mirror's name is a part of connecting.
        var connectingSince: Instant? {
            switch stage {
            case .queued: nil
            case .lookingUp: lookedUpSince
            case .running(let easy): min(easy.connectingSince, lookedUpSince ?? .distantFuture)
            }
        }

        /// Whether bytes may have left.
        var wasSent: Bool { easy.map { $0.attempts > 0 } ?? false }
    }

    private let loop: EventLoop
    private let options: HTTPClientOptions
    private let lookUp: (NameCache.Name) -> Void
    private var multi: CurlMulti?
    private var transfers: [UInt64: Transfer] = [:]
    private var admission: Admission
    private var names: NameCache
    private var origins = OriginCache()
    private var spareTimers: [Deadline] = []
    private var isAdmitting = false

    /// - Parameter lookUp: starts looking up a name; ``resolved(_:_:)`` brings the answer.
    init(on loop: EventLoop, options: HTTPClientOptions, lookUp: @escaping (NameCache.Name) -> Void) {
        self.loop = loop
        self.options = options
        self.lookUp = lookUp
        admission = Admission(perOrigin: options.connectionsPerOrigin, total: options.connections)
        names = NameCache(life: options.nameLife)
        multi = CurlMulti(
            on: loop, options: options,
            finished: { [weak self] easy, code in
                let now = Instant.now
                self?.finish(easy.id) { transfer in
                    if code == CurlMulti.success, let response = easy.takeResponse(at: now) { return .success(response) }
                    return .failure(easy.failure(code, host: transfer.origin.host, at: now))
                }
            },
            passed: { [weak self] easy in self?.passedGate(easy.id) })
    }

    /// Transfers that have begun and not ended.
    var count: Int { transfers.count }

    /// Begins a transfer; `finish` is called once, with its outcome, perhaps before this returns.
    func begin(
        _ id: UInt64, _ request: HTTPRequest, timeout: Duration, startBy: Instant, gate: @escaping () -> Bool,
        finish: @escaping (Outcome) -> Void
    ) {
        let origin: Origin
        do {
            try RequestRules.check(request)
            origin = try origins.origin(of: request.url)
        } catch {
            return finish(.failure(error))
        }
        guard timeout > .zero else {
            return finish(
                .failure(
                    HTTPError(
                        code: .timeout, message: "The request to \(origin.host) was not sent: its time was over before it began.",
                        wasSent: false, endedAt: .now)))
        }
        let timer = spareTimers.popLast() ?? Deadline(on: loop) { [weak self] in self?.expire($0) }
        let transfer = Transfer(
            request: request, origin: origin, timeout: timeout, startBy: startBy, timer: timer, gate: gate, finish: finish)
        timer.set(for: id, at: min(transfer.deadline, startBy))
        transfers[id] = transfer
        if admission.enter(id, to: origin) { findAddresses(id, transfer) }
    }

    /// The caller no longer wants the answer.
    func cancel(_ id: UInt64) { abort(id, .cancelled) { "The request to \($0.origin.host) was cancelled by its caller." } }

    /// A lookup that was asked for has ended.
    func resolved(_ name: NameCache.Name, _ result: Result<[SocketAddress], LoopError>) {
        // A resolver without a socket says only that it cannot be asked now.
        let lack = (try? result.get()) == nil ? Resources.lackOfFiles() : nil
        for id in names.resolved(name, try? result.get(), at: .now) {
            switch result {
            case .success(let addresses): if let transfer = transfers[id] { run(id, transfer, addresses) }
            case .failure(let error): finish(id) { _ in .failure(HTTPError(lookupOf: name.host, error, lack: lack)) }
            }
        }
    }

    /// Ends every transfer and closes every connection.
    func close() {
        for id in transfers.keys.sorted() {
            abort(id, .shutDown) { "The request to \($0.origin.host) was cut off: the HTTP client was shut down." }
        }
        multi?.close()
        multi = nil
        spareTimers.removeAll()
    }

    // MARK: Stages

    private func findAddresses(_ id: UInt64, _ transfer: Transfer) {
        let origin = transfer.origin
        guard !origin.isAddress else { return run(id, transfer, []) }
        let name = NameCache.Name(host: origin.host, port: origin.port)
        switch names.ask(name, for: id, at: .now) {
        case .addresses(let addresses): return run(id, transfer, addresses)
        case .wait: break
        case .lookUp: lookUp(name)
        }
        (transfer.stage, transfer.lookedUpSince) = (.lookingUp, .now)
    }

    private func run(_ id: UInt64, _ transfer: Transfer, _ addresses: [SocketAddress]) {
        guard let multi else { return }
        let easy = multi.takeEasy()
        easy.prepare(
            id, transfer.request, to: transfer.origin, at: addresses, until: transfer.deadline, gate: transfer.gate)
        transfer.stage = .running(easy)
        multi.start(easy)
    }

    /// Called inside curl, so what may start now starts a little later.
    private func passedGate(_ id: UInt64) {
        guard let origin = transfers[id]?.origin, origin.isSecure, admission.stands(origin) else { return }
        admitSoon()
    }

    // MARK: Ends

    private func expire(_ id: UInt64) {
        guard let transfer = transfers[id] else { return }
        if transfer.startBy < transfer.deadline, !transfer.wasSent { return abort(id, .lateStart, lateStart) }
        // It left in time: what remains is the deadline.
        if transfer.deadline > .now { return transfer.timer.set(for: id, at: transfer.deadline) }
        abort(id, .timeout) { transfer in
            let doing =
                switch transfer.stage {
                case .queued: "waiting for one of \(self.options.connectionsPerOrigin) connections to be free"
                case .lookingUp: "looking up the name"
                case .running(let easy) where easy.attempts == 0: "connecting"
                case .running(let easy) where easy.firstByteAt == nil: "waiting for the answer"
                case .running: "receiving the answer"
                }
            return "The request to \(transfer.origin.host) took longer than its timeout of \(transfer.timeout), while \(doing)."
        }
    }

    /// Why a transfer did not leave by the instant by which it had to.
    private func lateStart(_ transfer: Transfer) -> String {
        let host = transfer.origin.host
        let span = Duration.milliseconds(Instant.now.microseconds(since: transfer.connectingSince ?? transfer.beganAt) / 1_000).text
        switch transfer.stage {
        case .queued:
            return "The request to \(host) was not sent: it waited \(span) in vain for one of this process's connections to be free."
        case .lookingUp: return "The request to \(host) was not sent: looking up the name took longer than \(span)."
        case .running: return "\(host) did not accept a connection within \(span): check that it is up and reachable from here."
        }
    }

    private func abort(_ id: UInt64, _ code: HTTPError.Code, _ message: (Transfer) -> String) {
        finish(id) { transfer in
            if let easy = transfer.easy { multi?.abort(easy) }
            return .failure(
                HTTPError(
                    code: code, message: message(transfer), wasSent: transfer.wasSent, endedAt: .now,
                    connectingSince: transfer.connectingSince))
        }
    }

    private func finish(_ id: UInt64, _ outcome: (Transfer) -> Outcome) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        let result = outcome(transfer)
        transfer.timer.cancel()
        if spareTimers.count < 256 { spareTimers.append(transfer.timer) }
        let name = NameCache.Name(host: transfer.origin.host, port: transfer.origin.port)
        // Its addresses may be out of date.
        if case .failure(let error) = result, transfer.easy != nil, !error.wasSent, [.connect, .timeout, .lateStart].contains(error.code) {
            names.forget(name)
        }
        switch transfer.stage {
        case .queued: _ = admission.abandon(id, transfer.origin)
        case .lookingUp:
            names.abandon(id, name)
            admission.leave(transfer.origin)
        case .running(let easy):
            multi?.giveBack(easy)
            admission.leave(transfer.origin)
        }
        transfer.finish(result)
        if admission.isAnyoneWaiting { admitSoon() }
    }

    private func admitSoon() {
        guard !isAdmitting, multi != nil else { return }
        isAdmitting = true
        loop.beforeWaiting { [weak self] in
            guard let self else { return }
            isAdmitting = false
            while multi != nil, let id = admission.next() {
                if let transfer = transfers[id] { findAddresses(id, transfer) }
            }
        }
    }
}
