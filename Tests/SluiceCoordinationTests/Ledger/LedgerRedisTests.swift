import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// A server, and callers on one loop.
private struct Scene {
    let server: RedisServer
    let loop = EventLoop(name: "ledger")
    let rules = terms(mirror("a", "5/60s"), mirror("b", "5/60s"))
    let keys = PoolKeys(pool: "scene")

    init(appendOnly: Bool = false) async throws { server = try await RedisServer(RedisServerOptions(appendOnly: appendOnly)) }

    /// - Parameter muster: µs; 0 when nobody else remembers anything.
    func ledger(muster: Int64 = 0) async throws -> RedisSlotLedger {
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient)
        await client.start()
        return RedisSlotLedger(client: client, pool: keys, terms: rules, muster: muster)
    }

    /// What members do until the muster is over: one of them tells what it remembers.
    func endMuster(_ ledger: RedisSlotLedger, telling memory: Recollection?) async throws {
        var stamp = try await ledger.reserve(ReserveRequest(caller: node("self"), demands: [])).stamp
        while stamp.muster == nil { stamp = try await ledger.reserve(ReserveRequest(caller: node("self"), demands: [])).stamp }
        if let memory {
            stamp = try await ledger.contribute(memory, of: node("self"), to: stamp.muster!, in: stamp.incarnation)
        }
        var gathered = try await ledger.gather()
        while gathered.stamp.muster.map({ $0.remaining > 0 }) ?? false { gathered = try await ledger.gather() }
        #expect(try await ledger.restore(Restoration(gathered, terms: rules).request()).isDone)
    }

    func end(_ ledgers: RedisSlotLedger...) async {
        for ledger in ledgers { await ledger.client.shutDown() }
        await server.stop()
        await loop.shutDown()
    }
}

private func wish(_ wanted: Int64) -> ReserveRequest {
    ReserveRequest(caller: node("self"), demands: [.init(node: node("self"), wanted: wanted)])
}

@Suite(.timeLimit(.minutes(10))) struct `The ledger in Redis` {
    @Test func `callers share one ledger, and each slot is given once`() async throws {
        let scene = try await Scene()
        let (one, other) = (try await scene.ledger(), try await scene.ledger())
        async let early = one.reserve(wish(8))
        async let late = other.reserve(wish(8))
        let replies = [try await early, try await late]
        #expect(replies.reduce(0) { $0 + $1.grants[0].reduce(0) { $0 + $1.count } } == 10)
        #expect(Set(replies.flatMap { $0.grants[0].map(\.number) }).count == replies.reduce(0) { $0 + $1.grants[0].count })
        #expect(try await one.pull(node("self")).held.reduce(0) { $0 + $1.grant.count } == 10)
        #expect(try await other.inspect().mirrors.map(\.used) == [[5], [5]])
        let granted = replies[0].grants[0] + replies[1].grants[0]
        let entries = granted.map {
            SettleRequest.Entry(
                mirror: $0.mirror, number: $0.number, incarnation: replies[0].stamp.incarnation, remaining: $0.count, unsent: $0.count)
        }
        #expect(try await one.settle(SettleRequest(node: node("self"), entries: entries)).applied == entries.count)
        #expect(try await one.settle(SettleRequest(node: node("self"), entries: entries)).applied == 0)
        #expect(try await one.penalise(mirror: 0, grant: granted[0].number, asked: 5 * second).mirrors.map(\.free) == [0, 5])
        await scene.end(one, other)
    }

    @Test func `completions of the same age travel as one and are counted each`() async throws {
        let scene = try await Scene()
        let ledger = try await scene.ledger()
        let reply = try await ledger.reserve(wish(8))
        let entries = reply.grants[0].map { grant in
            SettleRequest.Entry(
                mirror: grant.mirror, number: grant.number, incarnation: reply.stamp.incarnation, remaining: grant.count,
                completed: Runs(Array(repeating: 1_000, count: Int(grant.count) - 1) + [500]))
        }
        #expect(try await ledger.settle(SettleRequest(node: node("self"), entries: entries)).applied == entries.count)
        let mirrors = try await ledger.inspect().mirrors
        #expect(mirrors.reduce(0) { $0 + $1.counters.settled } == 8)
        #expect(mirrors.reduce(0) { $0 + $1.used[0] } == 8, "all of them are in use until their window is over")
        #expect(try await ledger.reserve(wish(9)).grants[0].reduce(0) { $0 + $1.count } == 2)
        await scene.end(ledger)
    }

    @Test func `after FLUSHALL nothing is granted until whoever remembers has spoken, and then nothing is granted twice`() async throws {
        let scene = try await Scene()
        let one = try await scene.ledger(muster: 50 * millisecond)
        try await scene.endMuster(one, telling: nil)
        let given = try await one.reserve(wish(1)).grants[0]
        let copy = try #require(try await one.copy(since: nil).copy)
        #expect(copy.mirrors["a"]?.open.sum == given.filter { $0.mirror == 0 }.reduce(0) { $0 + $1.count })
        try await scene.server.cli("FLUSHALL")
        #expect(try await one.reserve(wish(1)).outcome == .mustering)
        #expect(try await one.settle(SettleRequest(node: node("self"), entries: [])).stamp.muster != nil)
        let own = given.map {
            Recollection.Own(number: $0.number, mirror: $0.mirror == 0 ? "a" : "b", count: $0.count, remaining: 60 * second)
        }
        try await scene.endMuster(
            one, telling: Recollection(incarnation: copy.incarnation, copy: copy, copyTime: copy.time, own: own))
        // The slot in use is known; the rest may have been given away just before the loss.
        let mirrors = try await one.inspect().mirrors
        #expect(mirrors.allSatisfy { $0.used == [5] })
        #expect(mirrors.allSatisfy { $0.status.sealedFor > 60 * second })
        let entries = given.map {
            SettleRequest.Entry(mirror: $0.mirror, number: $0.number, incarnation: copy.incarnation, remaining: $0.count, unsent: $0.count)
        }
        #expect(try await one.settle(SettleRequest(node: node("self"), entries: entries)).applied == entries.count)
        #expect(try await one.reserve(wish(9)).grants[0].reduce(0) { $0 + $1.count } == 1)
        await scene.end(one)
    }

    @Test(
        arguments: [
            ("meta", "rubbish"), ("meta", nil), ("meta", "x 1 nan 1 1 1 1 1 1 - 1 1 1 1 1 1 1 1"), ("open:a", "short"),
            ("open:a", "12 bytes long"),
            ("log:b:60000000", "some"), ("rules:b", "rubbish=99999999999999999"),
            ("rules:b", "0,0;5/9223372036854775807=99999999999999999"),
        ] as [(String, String?)])
    func `a ledger that cannot be read is as good as lost: members are asked, and nothing is granted twice`(field: String, text: String?)
        async throws
    {
        let scene = try await Scene()
        let one = try await scene.ledger(muster: 50 * millisecond)
        try await scene.endMuster(one, telling: nil)
        let given = try await one.reserve(wish(10)).grants[0]
        #expect(given.reduce(0) { $0 + $1.count } == 10)
        let copy = try #require(try await one.copy(since: nil).copy)
        if let text {
            try await scene.server.cli("HSET", scene.keys.ledger, field, text)
            let error = await #expect(throws: LedgerError.self) { try await one.copy(since: nil) }
            #expect(error?.message.contains(scene.keys.ledger) == true, "\(String(describing: error))")
        } else {
            try await scene.server.cli("HDEL", scene.keys.ledger, field)
        }
        #expect(try await one.reserve(wish(1)).outcome == .mustering)
        let own = given.map {
            Recollection.Own(number: $0.number, mirror: $0.mirror == 0 ? "a" : "b", count: $0.count, remaining: 60 * second)
        }
        try await scene.endMuster(one, telling: Recollection(incarnation: copy.incarnation, copy: copy, copyTime: copy.time, own: own))
        let mirrors = try await one.inspect().mirrors
        #expect(mirrors.allSatisfy { $0.used == [5] }, "each slot counts once: \(mirrors)")
        #expect(try await one.reserve(wish(1)).grants == [[]])
        await scene.end(one)
    }

    @Test(arguments: [true, false]) func `after a restart of the server members are asked, whether or not it has its data`(keeping: Bool)
        async throws
    {
        let scene = try await Scene(appendOnly: true)
        let one = try await scene.ledger(muster: 50 * millisecond)
        try await scene.endMuster(one, telling: nil)
        _ = try await one.reserve(wish(1))
        try await scene.server.restart(keepingData: keeping)
        // The connection is found to be lost in its own time; a call on it may still end in an error.
        var answer: ReserveReply?
        while answer == nil { answer = try? await one.reserve(wish(1)) }
        #expect(answer?.outcome == .mustering)
        #expect(answer?.grants == [[]])
        await scene.end(one)
    }

    @Test func `a call that was not sent when the server ended names the next one to it`() async throws {
        let scene = try await Scene(appendOnly: true)
        let one = try await scene.ledger(muster: 50 * millisecond)
        try await scene.endMuster(one, telling: nil)
        let given = try await one.reserve(wish(1))
        #expect(given.outcome == .granted)
        try await one.client.command("PING")  // Nothing is under way behind it.

        // The loop meets the call, then the end of the connection, and only then would it write.
        let hold = await LoopHold(scene.loop)
        let call = Task(executorPreference: scene.loop) { try await one.reserve(wish(1)) }
        try await scene.server.restart(keepingData: true)
        // Another pool has called there; a script that was unknown would have the call repeated anyway.
        try await scene.server.cli("SCRIPT", "LOAD", String(decoding: LedgerScript.reserve.source, as: UTF8.self))
        hold.release()
        let answer = try await call.value
        #expect(answer.stamp.incarnation == given.stamp.incarnation, "the data is there, and may lack the last writes")
        #expect(answer.outcome == .mustering)
        #expect(answer.grants == [[]])
        await scene.end(one)
    }

    @Test func `a script that the server forgot is loaded again`() async throws {
        let scene = try await Scene()
        let one = try await scene.ledger()
        _ = try await one.reserve(wish(1))
        try await scene.server.cli("SCRIPT", "FLUSH")
        #expect(try await one.reserve(wish(1)).grants[0].count == 1)
        await scene.end(one)
    }

    @Test func `an error of the server says that the call was refused`() async throws {
        let scene = try await Scene()
        let one = try await scene.ledger()
        try await scene.server.cli("SET", scene.keys.ledger, "not a hash")
        let error = await #expect(throws: LedgerError.self) { try await one.reserve(wish(1)) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains(scene.keys.ledger) == true, "it names the key: \(String(describing: error))")
        await scene.end(one)
    }

    @Test func `without a server the ledger is unreachable`() async throws {
        let scene = try await Scene()
        let one = try await scene.ledger()
        await scene.server.kill()
        let error = await #expect(throws: LedgerError.self) { try await one.settle(SettleRequest(node: node("self"), entries: [])) }
        #expect(error?.code == .unreachable || error?.code == .fateUnknown)
        await scene.end(one)
    }

    @Test func `the ledger's key lives twice its longest window and more`() async throws {
        let scene = try await Scene()
        let one = try await scene.ledger()
        _ = try await one.reserve(wish(1))
        let life = Int64(try await scene.server.cli("PTTL", scene.keys.ledger))!
        #expect(life > 3_600_000 + 120_000)
        await scene.end(one)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Replies of the ledger's scripts` {
    @Test func `a reply of another form is an error, never a trap`() throws {
        let good: [RedisValue] = [
            .integer(5), .integer(5), .integer(0), .integer(0), .bulk(Array("one".utf8)), .integer(0), .integer(0), .integer(0),
            .integer(0),
            .array([.integer(0), .integer(0), .integer(7), .integer(1)]),
            .array([.array([.integer(1), .integer(2), .integer(3), .integer(0), .integer(0), .integer(0), .integer(0)])]),
        ]
        var whole = try LedgerReplyReader(.array(good), of: "reserve")
        #expect(try whole.reserveReply(demands: 1, mirrors: 1).grants == [[Grant(mirror: 0, number: 7, count: 1)]])
        let odd: [RedisValue] = [.null, .integer(-1), .integer(.max), .bulk([]), .array([]), .array([.integer(9)]), .error("ERR")]
        for place in good.indices {
            for value in odd {
                var bad = good
                bad[place] = value
                // Some are well formed by chance; what counts is that none traps.
                var reader = try LedgerReplyReader(.array(bad), of: "reserve")
                _ = try? reader.reserveReply(demands: 1, mirrors: 1)
            }
            var short = try LedgerReplyReader(.array(Array(good.prefix(place))), of: "reserve")
            #expect(throws: LedgerError.self) { try short.reserveReply(demands: 1, mirrors: 1) }
        }
        for bad in [[9, 0, 7, 1], [0, 9, 7, 1], [-1, 0, 7, 1], [0, 0, 7, 0], [0, 0, 7], [.min, .max, 0, 0]] as [[Int64]] {
            var reply = good
            reply[9] = .array(bad.map { .integer($0) })
            var reader = try LedgerReplyReader(.array(reply), of: "reserve")
            #expect(throws: LedgerError.self) { try reader.reserveReply(demands: 1, mirrors: 1) }
        }
        for place in [0, 1, 2, 5, 6, 7, 8] {
            for number in [.min, .max, 1 << 53 + 1] as [Int64] {
                var reply = good
                reply[place] = .integer(number)
                var reader = try LedgerReplyReader(.array(reply), of: "reserve")
                #expect(throws: LedgerError.self, "no script reckons so far: \(number)") { try reader.reserveReply(demands: 1, mirrors: 1) }
            }
        }
        #expect(throws: LedgerError.self) { try LedgerReplyReader(.null, of: "reserve") }
    }
}
