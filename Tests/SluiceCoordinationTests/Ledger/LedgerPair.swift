import SluiceCoordination
import SluiceRedis

/// The ledger in Redis and its model, side by side, and what of the former's replies differed.
struct LedgerPair {
    let client: RedisClient
    let keys: PoolKeys
    private(set) var operations = 0
    private(set) var differences: [String] = []
    /// What the model published, by channel.
    private(set) var published: [String: [String]] = [:]

    private var random: Seeded
    private var state = LedgerState()
    private var raw: Int64
    /// Ledger time and incarnation of the latest reply.
    private var latest = LedgerStamp(time: 0, incarnation: "")
    /// When the model expects something to come free, in µs from the latest call.
    private var releases: [Int64] = []
    private let variants: [LedgerTerms]
    private let nodes = ["one", "two", "three", "four"].map(node)
    private var grants: [(node: NodeID, grant: Grant, incarnation: String, remaining: Int64)] = []
    private var repeated: SettleRequest?
    private var copies: [LedgerCopy] = []
    /// How often members were found to be configured differently.
    private(set) var disagreements = 0
    /// How many musters were ended.
    private(set) var restorations = 0
    /// How many replies told of a mirror in trouble, by what it stands accused of, and how many of one that is held to less than its limit.
    private(set) var standings: [MirrorStanding: Int] = [:]
    private(set) var lowered = 0
    /// How many replies were in doubt.
    private(set) var doubts = 0
    private(set) var summary = ""

    init(seed: UInt64, client: RedisClient, terms fixed: LedgerTerms? = nil) {
        random = Seeded(seed)
        self.client = client
        keys = PoolKeys(pool: "pair\(seed)\(fixed == nil ? "" : "-fixed")", database: Int(seed % 3))
        raw = random.pick(0...1) * 1_700_000_000 * second + random.pick(1...hour)
        variants = fixed.map { [$0] } ?? Self.variants(&random)
    }

    var channels: [String] { nodes.map(keys.grants) + [keys.leaderWake, keys.beat] }

    private static func variants(_ random: inout Seeded) -> [LedgerTerms] {
        let sets: [[MirrorRules]] = [
            [mirror("a", "3/2s"), mirror("b", "5/1s", "9/7s")],
            [mirror("a", "30/6s", "1000/1d", burst: 4), mirror("b", "7/333ms", concurrency: 3), mirror("c", "2/1s", burst: 2)],
            [mirror("a", "5000/1s", "100000/60s"), mirror("b")],
            [mirror("a", "1000/10s"), mirror("b", "1/31d"), mirror("c", concurrency: 2)],
        ]
        let set = sets[Int(random.pick(0...3))]
        let timeouts = [50 * millisecond, 5 * second]
        let timeout = timeouts[Int(random.pick(0...1))]
        let usual = try! LedgerTerms(mirrors: set, hold: 100 * millisecond, requestTimeout: timeout)
        // Members that were configured otherwise: what comes out need not be useful, but the same on both sides.
        let other = try! LedgerTerms(
            mirrors: Array(set.reversed()) + [mirror("d", "2/2s")], hold: second, requestTimeout: 1_234_567)
        let stricter = try! LedgerTerms(
            mirrors: [
                mirror("a", "2/2s", "40/5s", burst: 3, concurrency: 4),
                mirror("b", "6/1s", "50/60s", "60/2m", "70/3m", burst: random.chance(50) ? 5 : nil),
            ], hold: 100 * millisecond, requestTimeout: timeout)
        let ninth = (0..<9).map { place in
            try! LedgerTerms(
                mirrors: [mirror("a", "\(200 + place)/\(7 + place)s")], hold: 100 * millisecond, requestTimeout: timeout)
        }
        return [usual, usual, usual, usual, other, stricter] + (random.chance(20) ? ninth : [])
    }

    // MARK: Operations

    mutating func pass(_ span: Int64) { raw += span }

    mutating func step() async throws {
        operations += 1
        switch random.pick(0...99) {
        case 0..<3: raw += random.pick(-hour...hour)
        case 3..<20: raw += random.pick(0...5 * second)
        // To the very microsecond of a release, and one before: edges are where two versions of a rule differ.
        case 20..<40: raw += (releases.randomElement(using: &random) ?? 0) - random.pick(0...1)
        default: raw += random.pick(0...50 * millisecond)
        }
        if random.chance(5) { try await elect() }
        if latest.muster != nil, random.chance(30) { return try await muster() }
        switch random.pick(0...99) {
        case 0..<45: try await reserve(randomRequest())
        case 45..<80: try await settle(randomReport(), call())
        case 80..<85:
            // Of a grant that is open, of one to come, and of one from long ago.
            let held = grants.randomElement(using: &random)?.grant
            let mirror = random.chance(60) ? held?.mirror ?? 0 : Int(random.pick(-1...3))
            let grant = random.chance(70) ? held?.number ?? 0 : (state.meta?.nextNumber ?? 0) + random.pick(-50...1)
            let asked = random.chance(50) ? random.pick(-second...2 * second) * (random.chance(2) ? day : 1) : nil
            try await penalise(mirror: mirror, grant: grant, asked: asked)
        case 85..<88: try await pull(anyNode())
        case 88..<90: try await announce()
        case 90..<95: try await inspect()
        case 95..<99: try await copy()
        default:
            try await client.command("DEL", keys.ledger)
            state.forget()
            summary = "DEL"
        }
    }

    mutating func take(_ wanted: Int64) async throws {
        try await reserve(ReserveRequest(caller: nodes[0], demands: [.init(node: nodes[0], wanted: wanted)]))
    }

    mutating func settleAll() async throws {
        let entries = grants.filter { $0.node == nodes[0] }.map { held in
            SettleRequest.Entry(
                mirror: held.grant.mirror, number: held.grant.number, incarnation: held.incarnation, remaining: held.remaining,
                completed: Runs(repeatElement(0, count: Int(held.remaining))))
        }
        grants = []
        try await settle(SettleRequest(node: nodes[0], entries: entries), plainCall)
    }

    mutating func settleForeign(count: Int) async throws {
        let ages = (0..<count).map { _ in random.pick(0...hour) }
        let entry = SettleRequest.Entry(mirror: 0, number: 1, incarnation: "elsewhere", remaining: 1, completed: Runs(ages))
        try await settle(SettleRequest(node: nodes[0], entries: [entry]), plainCall)
    }

    private mutating func elect() async throws {
        state.leader = random.chance(30) ? nil : anyNode()
        state.epoch = random.pick(0...3)
        if let leader = state.leader {
            try await client.command("SET", keys.leader, leader.text)
        } else {
            try await client.command("DEL", keys.leader)
        }
        try await client.command("SET", keys.epoch, "\(state.epoch)")
    }

    private mutating func reserve(_ request: ReserveRequest) async throws {
        let call = variants.count == 1 ? plainCall : call()
        summary = "\(request) \(call)"
        let value = try await client.run(
            LedgerScript.reserve, keys: [keys.ledger, keys.leader, keys.epoch],
            arguments: LedgerArguments(call, scope: keys.scope, raw: raw).reserving(request).words)
        var reader = try LedgerReplyReader(value, of: "reserve")
        let real = try reader.reserveReply(demands: request.demands.count, mirrors: call.terms.mirrors.count)
        let (model, messages) = state.reserve(request, call, at: raw)
        compare(real, model)
        publish(messages)
        latest = model.stamp
        look(model.mirrors)
        for (demand, given) in zip(request.demands, model.grants) {
            grants += given.map { (demand.node, $0, model.stamp.incarnation, $0.count) }
        }
    }

    private mutating func settle(_ request: SettleRequest, _ call: LedgerCall) async throws {
        summary = "\(request) \(call)"
        let value = try await client.run(
            LedgerScript.settle, keys: [keys.ledger], arguments: LedgerArguments(call, scope: keys.scope, raw: raw).settling(request).words)
        var reader = try LedgerReplyReader(value, of: "settle")
        let real = try reader.settleReply(mirrors: call.terms.mirrors.count)
        let (model, messages) = state.settle(request, call, at: raw)
        compare(real, model)
        publish(messages)
        latest = model.stamp
        look(model.mirrors)
    }

    private mutating func penalise(mirror: Int, grant: Int64, asked: Int64?) async throws {
        let call = call()
        summary = "penalise \(mirror) #\(grant) \(asked ?? -1) \(call)"
        let value = try await client.run(
            LedgerScript.penalise, keys: [keys.ledger],
            arguments: LedgerArguments(call, scope: keys.scope, raw: raw).penalising(mirror: mirror, grant: grant, asked: asked).words)
        var reader = try LedgerReplyReader(value, of: "penalise")
        let real = try reader.penaliseReply(mirrors: call.terms.mirrors.count)
        let (model, messages) = state.penalise(mirror: mirror, grant: grant, asked: asked, call, at: raw)
        publish(messages)
        compare(real, model)
        latest = model.stamp
        look(model.mirrors)
    }

    private mutating func pull(_ node: NodeID) async throws {
        let call = call()
        summary = "pull \(node) \(call)"
        let value = try await client.run(
            LedgerScript.pull, keys: [keys.ledger], arguments: LedgerArguments(call, scope: keys.scope, raw: raw).pulling(node).words)
        var reader = try LedgerReplyReader(value, of: "pull")
        compare(try reader.pullReply(mirrors: call.terms.mirrors.count), state.pull(node, call, at: raw))
    }

    private mutating func announce() async throws {
        let call = call()
        summary = "announce \(call)"
        let value = try await client.run(
            LedgerScript.announce, keys: [keys.ledger], arguments: LedgerArguments(call, scope: keys.scope, raw: raw).words)
        var reader = try LedgerReplyReader(value, of: "announce")
        let (model, messages) = state.announce(call, at: raw)
        compare(try reader.announceReply(terms: call.terms), model)
        publish(messages)
        latest = model.stamp
        disagreements += model.mirrors.contains { $0.entries.count > 1 } ? 1 : 0
    }

    private mutating func inspect() async throws {
        let call = call()
        summary = "inspect \(call)"
        let value = try await client.run(
            LedgerScript.inspect, keys: [keys.ledger], arguments: LedgerArguments(call, scope: keys.scope, raw: raw).words)
        var reader = try LedgerReplyReader(value, of: "inspect")
        compare(try reader.inspectReply(mirrors: call.terms.mirrors.count), state.inspect(call, at: raw))
    }

    private mutating func copy() async throws {
        let call = call()
        let known = random.chance(30) ? state.meta?.version : nil
        summary = "copy \(call)"
        let value = try await client.run(
            LedgerScript.copy, keys: [keys.ledger],
            arguments: LedgerArguments(call, scope: keys.scope, raw: raw).copying(since: known).words)
        var reader = try LedgerReplyReader(value, of: "copy")
        let real = try reader.copyReply(terms: call.terms)
        compare(real, state.copy(since: known, call, at: raw))
        if let copy = real.copy { copies.append(copy) }
    }

    /// What members do while a muster is under way.
    private mutating func muster() async throws {
        let call = call()
        summary = "muster \(call)"
        if random.chance(50) {
            let node = anyNode()
            let told = recollection(of: node)
            let notice = MusterNotice(number: latest.muster!.number - (random.chance(5) ? 1 : 0), remaining: 0)
            let value = try await client.run(
                LedgerScript.contribute, keys: [keys.ledger],
                arguments: LedgerArguments(call, scope: keys.scope, raw: raw).contributing(
                    told.bytes, remembers: !told.isEmpty, of: node, to: notice, in: latest.incarnation
                ).words)
            var reader = try LedgerReplyReader(value, of: "contribute")
            if !state.listeners.isEmpty { state.listeners = [node] }
            let (model, messages) = state.contribute(told, of: node, to: notice, in: latest.incarnation, call, at: raw)
            compare(try reader.contributeReply(), model)
            publish(messages)
            latest = model
            return
        }
        let value = try await client.run(
            LedgerScript.gather, keys: [keys.ledger], arguments: LedgerArguments(call, scope: keys.scope, raw: raw).words)
        var gathering = try LedgerReplyReader(value, of: "gather")
        var real = try gathering.gatherReply(terms: call.terms)
        real.memories.sort { $0.tag < $1.tag }
        let gathered = state.gather(call, at: raw)
        compare(real, gathered)
        guard gathered.left != nil || random.chance(5) else { return raw += random.pick(0...second) }
        var request = Restoration(gathered, terms: call.terms).request()
        if random.chance(5) { request.memories += 1 }
        let answer = try await client.run(
            LedgerScript.restore, keys: [keys.ledger],
            arguments: LedgerArguments(call, scope: keys.scope, raw: raw).restoring(request).words)
        var reader = try LedgerReplyReader(answer, of: "restore")
        let (model, messages) = state.restore(request, call, at: raw)
        compare(try reader.restoreReply(mirrors: call.terms.mirrors.count), model)
        publish(messages)
        latest = model.stamp
        restorations += model.isDone ? 1 : 0
    }

    private mutating func recollection(of node: NodeID) -> Recollection {
        if random.chance(30) { return Recollection(incarnation: latest.incarnation, copy: nil, copyTime: 0, own: []) }
        let own = grants.filter { $0.node == node }.map { held in
            Recollection.Own(
                number: held.grant.number, mirror: variants[0].mirrors[min(held.grant.mirror, variants[0].mirrors.count - 1)].name,
                count: held.grant.count, remaining: random.pick(-second...5 * second),
                settled: Runs((0..<(held.grant.count - held.remaining)).map { _ in random.chance(30) ? nil : random.pick(0...second) }),
                doubtful: random.pick(0...1))
        }
        return Recollection(
            incarnation: latest.incarnation, copy: copies.randomElement(using: &random), copyTime: latest.time - random.pick(0...second),
            own: own.sorted { $0.number < $1.number })
    }

    private mutating func look(_ mirrors: [MirrorStatus]) {
        releases = mirrors.compactMap(\.nextRelease)
        for mirror in mirrors {
            standings[mirror.standing, default: 0] += 1
            if mirror.held > 0 { lowered += 1 }
        }
    }

    private mutating func compare<Reply: Stamped>(_ real: Reply, _ model: Reply) {
        doubts += model.stamp.isInDoubt ? 1 : 0
        if real != model { differences.append("Redis: \(real)\nmodel: \(model)") }
    }

    private mutating func publish(_ messages: [LedgerMessage]) {
        for message in messages {
            switch message {
            case .grant(let node, let grant): published[keys.grants(to: node), default: []].append(grant.text)
            case .freed: published[keys.leaderWake, default: []].append("freed")
            case .muster(let incarnation, let number):
                published[keys.beat, default: []].append(BeatMessage.muster(incarnation: incarnation, number: number).text)
            case .configurations(let incarnation):
                published[keys.beat, default: []].append(BeatMessage.configurations(incarnation: incarnation).text)
            }
        }
    }

    // MARK: Choices

    private mutating func anyNode() -> NodeID { nodes[Int(random.pick(0...3))] }

    private var plainCall: LedgerCall { LedgerCall(terms: variants[0], candidate: "plain", muster: 0) }

    private mutating func call() -> LedgerCall {
        var call = LedgerCall(
            terms: variants[Int(random.pick(0...Int64(variants.count - 1)))], candidate: "life\(random.pick(0...99_999))",
            muster: random.chance(80) ? LedgerCall.musterSpan : 0, settling: random.chance(50) ? 0 : random.pick(0...second))
        if random.chance(70), !latest.incarnation.isEmpty {
            let centre = latest.time + random.pick(-second...second)
            call.knowledge = LedgerKnowledge(
                incarnation: random.chance(97) ? latest.incarnation : "before",
                frame: latest.frame - (random.chance(5) ? 1 : 0), lower: centre - random.pick(0...second),
                upper: random.chance(80) ? centre + random.pick(0...second) : nil, isClockAhead: random.chance(20),
                found: random.chance(30) ? centre : nil,
                doubt: random.chance(30)
                    ? .init(
                        reading: (state.meta?.confirmed ?? 0) + random.pick(-1...1), least: centre - random.pick(-second...second),
                        waited: random.pick(0...2 * second), lasted: random.pick(0...4 * second)) : nil,
                age: random.pick(0...30 * second))
        }
        // One connection listens to the channels of all nodes: they have nobody beside them, somebody else has.
        call.node = random.chance(50) ? nil : random.chance(50) ? nodes[0] : node("somebody")
        state.listeners = call.node == node("somebody") ? [nodes[1]] : []
        if random.chance(50) { call.runID = random.chance(98) ? "server" : "other" }
        return call
    }

    private mutating func randomRequest() -> ReserveRequest {
        let many = random.chance(10) ? random.pick(0...3_000) : 12
        let demands = (0..<random.pick(0...5)).map { _ in
            ReserveRequest.Demand(
                node: anyNode(), wanted: random.chance(20) ? 0 : random.pick(0...many), tier: Int(random.pick(0...3)),
                stamp: random.pick(-1...1) * random.pick(0...4_000_000_000_000_000_000), sequence: random.pick(0...1_000_000))
        }
        let epoch = random.chance(50) ? state.epoch + (random.chance(10) ? 1 : 0) : nil
        let caller = random.chance(80) ? (state.leader ?? anyNode()) : anyNode()
        return ReserveRequest(
            caller: caller, epoch: epoch, demands: demands, yieldsToLeader: random.chance(50), sparesOnly: random.chance(20))
    }

    private mutating func randomReport() -> SettleRequest {
        if let again = repeated, random.chance(15) { return again }
        let reporter = anyNode()
        var entries: [SettleRequest.Entry] = []
        for place in grants.indices.reversed() where grants[place].node == reporter && random.chance(60) {
            let held = grants[place]
            let share = random.pick(0...held.remaining)
            let unsent = random.pick(0...share)
            let ages = (0..<min(share - unsent, 400)).map { _ in
                random.chance(80) ? random.pick(0...200 * millisecond) : random.pick(-second...hour)
            }
            entries.append(
                .init(
                    mirror: held.grant.mirror + (random.chance(2) ? 1 : 0), number: held.grant.number + (random.chance(2) ? 1 : 0),
                    incarnation: random.chance(98) ? held.incarnation : "before",
                    remaining: held.remaining + (random.chance(5) ? random.pick(-1...1) : 0), completed: Runs(ages),
                    unsent: random.chance(98) ? unsent : -1, answered: random.chance(60) ? random.pick(-1...share) : 0,
                    failed: random.chance(30) ? random.pick(-1...3) : 0, unreached: random.chance(30) ? random.pick(-1...3) : 0,
                    latency: random.chance(50) ? random.pick(-1...2 * second) * (random.chance(2) ? day : 1) : nil,
                    extend: random.chance(10) ? random.pick(-second...5 * second) : nil))
            grants[place].remaining -= Int64(ages.count) + unsent
            if grants[place].remaining <= 0 { grants.remove(at: place) }
        }
        let request = SettleRequest(node: reporter, entries: entries)
        repeated = request
        return request
    }
}

/// What every reply of the ledger has.
private protocol Stamped: Equatable { var stamp: LedgerStamp { get } }

extension ReserveReply: Stamped {}
extension SettleReply: Stamped {}
extension PenaliseReply: Stamped {}
extension AnnounceReply: Stamped {}
extension PullReply: Stamped {}
extension InspectReply: Stamped {}
extension CopyReply: Stamped {}
extension GatherReply: Stamped {}
extension RestoreReply: Stamped {}
extension LedgerStamp: Stamped { fileprivate var stamp: LedgerStamp { self } }
