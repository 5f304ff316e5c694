package import SluiceLoop
import SluiceRandom
package import SluiceServer

/// An HTTP API that enforces its limits to the letter and remembers everything: the judge of the tests, and of the demo.
///
/// Every request counts when its head has arrived, before any latency, whatever it asks for and however it is answered; only `/__stats`
/// (the figures, JSON) and `/__log` (the requests, JSON lines) do not count. A request over a limit is answered with 429 and
/// `Retry-After`; with a block it starts a ban, during which all are answered with 403 and the ban's remaining time in `Retry-After`.
/// What is over a limit is for the mirror's algorithm to say; what it reports as violations is the true sliding window's. A mirror that
/// misbehaves counts as truthfully; in its statuses 0 stands for what was no whole answer.
///
/// When a body is slow to arrive, its request is judged at the time of its head but after requests that completed before it.
package actor StrictMirror {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// What the mirror was asked to be.
    package nonisolated let options: StrictMirrorOptions
    private let loop: EventLoop
    private let data: PlaceholderData
    private let startedAt = Instant.now
    private var judge: MirrorJudge
    private var tally: MirrorTally
    private var random: SeededGenerator
    private var accepted = 0
    private var orders = 0
    private var server: HTTPServer?

    package init(on loop: EventLoop, options: StrictMirrorOptions = StrictMirrorOptions()) {
        self.loop = loop
        self.options = options
        data = PlaceholderData(posts: options.posts)
        judge = MirrorJudge(options, from: startedAt)
        tally = MirrorTally(start: startedAt, logCapacity: options.logCapacity)
        random = SeededGenerator(seed: options.seed)
    }

    /// Starts to listen. Returns the address with the port that the mirror got.
    /// - Throws: when the address is taken or not to be had.
    @discardableResult
    package func start() async throws(MirrorError) -> ListenAddress {
        var serving = ServerOptions()
        serving.address = options.address
        let server = HTTPServer(on: loop, options: serving) { [self] request in assumeIsolated { $0.handle(request) } }
        do {
            try await server.start()
        } catch {
            throw MirrorError(.server, "the strict mirror \"\(options.name)\" did not start: \(error.message)", underlying: error)
        }
        self.server = server
        return server.address
    }

    /// The port that the mirror listens on; 0 when it does not.
    package var port: UInt16 { server?.port ?? 0 }

    /// Stops to listen, and lets answers finish for at most `drainingFor`.
    package func shutDown(drainingFor patience: Duration = .seconds(1)) async {
        await server?.shutDown(drainingFor: patience)
        server = nil
    }

    /// What was seen so far.
    package var stats: MirrorStats {
        judge.letStrangersCome(by: .now)
        return MirrorStats(
            name: options.name, algorithm: options.algorithm, requests: judge.truth.requests, violations: judge.truth.violations,
            refused: judge.refused, strangers: judge.foreign, bans: judge.bans, refusedWhileBanned: judge.refusedWhileBanned,
            worstWindows: judge.truth.worstWindows.map { MirrorStats.Worst(limit: $0.limit, worst: $0.worst) },
            distinctTargets: tally.targets.count, duplicates: tally.targets.filter { $0.value > 1 }, statuses: tally.statuses,
            firstMilliseconds: tally.firstMilliseconds, lastMilliseconds: tally.lastMilliseconds,
            startedAt: startedAt, uptimeMilliseconds: Instant.now.microseconds(since: startedAt) / 1_000, inFlight: tally.inFlight,
            inFlightMax: tally.inFlightMax,
            logDropped: tally.logDropped)
    }

    // MARK: Requests

    private func handle(_ request: ServerRequest) -> ServerReply {
        switch request.path {
        case "/__stats": return .now(ServerResponse(headers: [("Content-Type", "application/json")], body: stats.json))
        case "/__log": return .now(ServerResponse(headers: [("Content-Type", "application/jsonl")], body: log))
        default: break
        }
        let verdict = judge.arrive(at: request.arrivedAt)
        let response = response(to: request, verdict)
        if case .accepted = verdict, let misbehaviour = options.misbehaviour, accepted % misbehaviour.every == 0 {
            return misbehave(misbehaviour.kind, request, response)
        }
        tally.note(request.method, request.target, at: request.arrivedAt, status: response.status)
        tally.begin()
        guard case .accepted = verdict, !options.latency.isNone else {
            tally.end()
            return .now(response)
        }
        let due = request.arrivedAt.advanced(by: options.latency.draw(&random))
        return .later { [self] in
            // Ended early when the mirror shuts down, and when the client has gone: a request that was given up is no longer in flight.
            try? await loop.sleep(until: due)
            await end()
            return response
        }
    }

    private func end() { tally.end() }

    /// The answer that a request does not deserve. It was counted already.
    private func misbehave(_ kind: Misbehaviour.Kind, _ request: ServerRequest, _ proper: ServerResponse) -> ServerReply {
        // No status is left whole but the refusal's.
        tally.note(request.method, request.target, at: request.arrivedAt, status: kind == .refuse ? 429 : 0)
        let head = Array(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: \(proper.body.count)\r\n\r\n".utf8)
        switch kind {
        case .hangUp: return .raw(RawReply())
        case .hang: return .raw(RawReply(pieces: [[], []], pause: .seconds(60)))
        case .garbage: return .raw(RawReply(pieces: [(0..<512).map { _ in UInt8.random(in: 0 ... .max, using: &random) }]))
        case .cutOff: return .raw(RawReply(pieces: [head + proper.body.prefix(proper.body.count / 2)]))
        case .slowBody: return .raw(RawReply(pieces: [head] + proper.body.map { [$0] }, pause: .milliseconds(100)))
        case .refuse:
            var response = json(429, Self.error("Refused on purpose."))
            if let wait = options.retryAfter?.microseconds { response.headers.append(("Retry-After", "\((wait + 999_999) / 1_000_000)")) }
            return .now(response)
        }
    }

    private func response(to request: ServerRequest, _ verdict: MirrorJudge.Verdict) -> ServerResponse {
        switch verdict {
        case .refused(let limit, let until):
            return refusal(429, "Too many requests: the limit is \(limit).", until, request.arrivedAt)
        case .banned(let until):
            return refusal(403, "Banned for exceeding a limit.", until, request.arrivedAt)
        case .accepted:
            accepted += 1
            if let every = options.failEvery, accepted % every == 0 {
                return json(500, Self.error("This request fails on purpose."))
            }
            return serve(request)
        }
    }

    private func serve(_ request: ServerRequest) -> ServerResponse {
        switch request.method {
        case "GET", "HEAD":
            let answer = data.get(path: request.path, query: request.query)
            guard answer.status == 200 else { return json(answer.status, answer.body) }
            let tag = EntityTag.of(answer.body)
            let isKnown = request.headers["If-None-Match"].map { EntityTag.list($0, contains: tag) } ?? false
            var response = isKnown ? ServerResponse(status: 304, headers: [("Mirror", options.name)]) : json(200, answer.body)
            response.headers.append(("ETag", tag))
            if let maxAge = options.maxAge { response.headers.append(("Cache-Control", "max-age=\(maxAge.components.seconds)")) }
            return response
        case "POST":
            orders += 1
            let answer = data.post(path: request.path, body: request.body, id: orders)
            return json(answer.status, answer.body)
        default:
            var response = json(405, Self.error("This mirror knows GET, HEAD and POST."))
            response.headers.append(("Allow", "GET, HEAD, POST"))
            return response
        }
    }

    private func refusal(_ status: Int, _ sentence: String, _ until: Instant, _ now: Instant) -> ServerResponse {
        let wait = options.retryAfter?.microseconds ?? max(0, until.microseconds(since: now))
        var response = json(status, Self.error(sentence))
        response.headers.append(("Retry-After", "\((wait + 999_999) / 1_000_000)"))
        return response
    }

    private func json(_ status: Int, _ body: [UInt8]) -> ServerResponse {
        ServerResponse(
            status: status, headers: [("Content-Type", "application/json; charset=utf-8"), ("Mirror", options.name)], body: body)
    }

    private static func error(_ sentence: String) -> [UInt8] {
        var text = JSONText()
        text.object { $0.string("error", sentence) }
        text.endLine()
        return text.bytes
    }

    /// The answer of `/__log`: a line for each request, the oldest first.
    private var log: [UInt8] {
        var text = JSONText()
        for entry in tally.log {
            text.object { line in
                line.number("ms", entry.milliseconds)
                line.string("method", entry.method)
                line.string("target", entry.target)
                line.number("status", entry.status)
            }
            text.endLine()
        }
        return text.bytes
    }
}
