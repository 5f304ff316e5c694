import Sluice
import SluiceLoop
import SluiceServer

/// Answers requests: from memory in the same turn of the loop, from the pool later. Lives on the gateway's loop.
actor GatewayCore {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    nonisolated let loop: EventLoop
    nonisolated let pool: MirrorPool
    nonisolated let targets: RequestTargets
    nonisolated let access: ManagementAccess
    private let fields: AnswerFields
    private(set) var tally = GatewayTally()
    private(set) var isShuttingDown = false
    /// What memory had, by the target as it was sent.
    private var asked: [String: AskedTarget] = [:]

    /// Spellings that are remembered; then all are forgotten, which costs a moment's work each.
    private static let askedLimit = 8_192
    /// So many answers of 4 KiB at the most, twice each, are kept ready: some 10 MiB beside the memory tier.
    private static let readyLimit = 1_024
    private var readied = 0
    /// Longer ones are not worth their memory.
    private static let askedLength = 512

    init(loop: EventLoop, pool: MirrorPool, configuration: GatewayConfiguration) throws(SluiceError) {
        self.loop = loop
        self.pool = pool
        targets = RequestTargets(try RouteTable(configuration.routes))
        fields = AnswerFields(pool.places)
        access = ManagementAccess(token: configuration.managementToken)
    }

    /// What the server does with a request.
    func handle(_ request: ServerRequest) -> ServerReply {
        guard request.method == "GET" || request.method == "HEAD" else { return handleOther(request) }
        if let index = asked.index(forKey: request.target),
            let answer = pool.memoryAnswer(for: asked.values[index].target, within: asked.values[index].span)
        {
            let wasReady = asked.values[index].isReady
            let response = asked.values[index].response(for: answer, fields)
            if !wasReady, asked.values[index].isReady { noteReady() }
            return .now(Self.adapted(response, to: RequestConditions(request.headers)))
        }
        do throws(Problem) {
            switch try targets.place(of: request.target) {
            case .management(let path): return manage(request, path)
            case .pool(let target, let options):
                if let answer = pool.memoryAnswer(for: target, within: options.freshWithin) {
                    var known = AskedTarget(target, within: options.freshWithin)
                    let response = known.response(for: answer, fields)
                    remember(request.target, known)
                    return .now(Self.adapted(response, to: RequestConditions(request.headers)))
                }
                let (pool, fields) = (pool, fields)
                return later(request) { await Self.get(target, options, for: request, from: pool, fields) }
            }
        } catch {
            return .now(error.response(to: request.target))
        }
    }

    /// The gateway ends: it is no longer ready.
    func beginShutDown() { isShuttingDown = true }

    /// Counts an answer that was given.
    /// - Parameter microseconds: since its request's head was complete.
    func answered(_ status: Int, after microseconds: Int64) { tally.note(status, after: microseconds) }

    /// An answer that takes time: it is counted while it is under way.
    func later(_ request: ServerRequest, _ body: @escaping @Sendable () async -> ServerResponse) -> ServerReply {
        tally.inFlight += 1
        return .later { [self] in
            let response = await body()
            await finished(request, isCancelled: Task.isCancelled)
            return response
        }
    }

    /// - Parameter isCancelled: whether the client has gone meanwhile, which counts as 499, as in the access log; or the server is at its end.
    private func finished(_ request: ServerRequest, isCancelled: Bool) {
        tally.inFlight -= 1
        if isCancelled, !isShuttingDown { answered(499, after: Instant.now.microseconds(since: request.arrivedAt)) }
    }

    // MARK: GET and HEAD

    /// One more answer is ready: after so many all are made anew, so that those nobody asks for any more are not kept for ever.
    private func noteReady() {
        readied += 1
        guard readied >= Self.readyLimit else { return }
        readied = 0
        for index in asked.values.indices { asked.values[index].forget() }
    }

    private func remember(_ spelling: String, _ known: AskedTarget) {
        guard spelling.utf8.count <= Self.askedLength else { return }
        if asked.count >= Self.askedLimit { asked.removeAll(keepingCapacity: true) }
        asked[spelling] = known
    }

    private static func get(
        _ target: PoolTarget, _ options: CallOptions, for request: ServerRequest, from pool: MirrorPool, _ fields: AnswerFields
    ) async -> ServerResponse {
        let conditions = RequestConditions(request.headers)
        var options = options
        if let wait = conditions.wait { options.deadline = .seconds(wait) }
        do throws(SluiceError) {
            let answer = try await pool.get(target, options: options)
            var response = ServerResponse(
                status: answer.status, headers: fields.kept(answer.headers, age: answer.age), body: answer.body)
            response.headers.append((name: "Cache-Status", value: CacheStatus.of(answer)))
            response.headers.append((name: "Age", value: "\(max(0, answer.age.components.seconds))"))
            if case .mirror(let name) = answer.source { response.headers.append((name: "Sluice-Mirror", value: name)) }
            return adapted(response, to: conditions)
        } catch {
            return adapted(Problem(error).response(to: request.target), to: conditions)
        }
    }

    /// What the client's own wishes make of an answer.
    private static func adapted(_ response: ServerResponse, to conditions: RequestConditions) -> ServerResponse {
        var response = NotModified.judged(response, conditions)
        if let wait = conditions.wait { response.headers.append((name: "Preference-Applied", value: "wait=\(wait)")) }
        return response
    }

    // MARK: Other methods

    /// Methods that never go to a mirror, in whatever case: one asks for a tunnel, the other for an echo of the request with the pool's credentials in it.
    private static let refusedMethods: Set<String> = ["CONNECT", "TRACE"]

    private func handleOther(_ request: ServerRequest) -> ServerReply {
        do throws(Problem) {
            guard !Self.refusedMethods.contains(request.method.uppercased()) else {
                throw Problem(
                    405, "methodNotAllowed", "\(request.method) is not passed on; use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.",
                    headers: [(name: "Allow", value: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")])
            }
            switch try targets.place(of: request.target) {
            case .management(let path): return manage(request, path)
            case .pool(let target, let options):
                let (pool, fields) = (pool, fields)
                return later(request) { await Self.send(target, options, for: request, to: pool, fields) }
            }
        } catch {
            return .now(error.response(to: request.target))
        }
    }

    private static func send(
        _ target: PoolTarget, _ options: CallOptions, for request: ServerRequest, to pool: MirrorPool, _ fields: AnswerFields
    ) async -> ServerResponse {
        let conditions = RequestConditions(request.headers)
        var options = options
        if let wait = conditions.wait { options.deadline = .seconds(wait) }
        var response: ServerResponse
        do throws(SluiceError) {
            let answer = try await pool.send(
                PoolRequest(
                    method: request.method, path: target.written, headers: EndToEndHeaders.request(request.headers), body: request.body),
                options: options)
            response = ServerResponse(
                status: answer.status, headers: fields.led(EndToEndHeaders.response(answer.headers)), body: answer.body)
            response.headers.append((name: "Cache-Status", value: CacheStatus.forwarded(status: answer.status)))
            if case .mirror(let name) = answer.source { response.headers.append((name: "Sluice-Mirror", value: name)) }
        } catch {
            response = Problem(error).response(to: request.target)
        }
        if let wait = conditions.wait { response.headers.append((name: "Preference-Applied", value: "wait=\(wait)")) }
        return response
    }
}
