import Sluice
import SluiceGateway
import SluiceHarness
import SluiceMirror
import Testing

/// What a client gets when there is no answer.
@Suite(.timeLimit(.minutes(10)))
struct GatewayErrorTests {
    @Test(arguments: [false, true])
    func `no slot in time is 503 with when to come back, and Prefer sets the deadline`(redis: Bool) async throws {
        try await Rig.run(redis: redis, limit: .init(1, per: .seconds(60))) { rig in
            let client = try rig.client()
            let one = try await client.get("/posts/1")
            #expect(one.status == 200, "\(one)")
            let began = ContinuousClock.now
            let answer = try await client.get("/posts/2", "Prefer: respond-async, wait=15\r\n")
            #expect(began.duration(to: .now) < .seconds(15))
            let problem = try ProblemDocument(answer)
            #expect(problem.status == 503 && problem.code == "noSlotInTime" && problem.instance == "/posts/2", "\(answer)")
            #expect((1...62).contains(problem.retryAfter ?? 0))
            #expect(answer.headers["preference-applied"] == "wait=15")
            #expect(try await client.get("/posts/1", "Prefer: wait=1\r\n").headers["preference-applied"] == "wait=1")
            #expect(await rig.mirror.stats.violations == 0)
        }
    }

    @Test func `a mirror that is slower than the deadline is 504`() async throws {
        try await Rig.run(mirror: [("latency", "30s")]) { rig in
            // The request must have left by then.
            let problem = try ProblemDocument(await rig.client().get("/posts/1", "Prefer: wait=10\r\n"))
            #expect(problem.status == 504 && problem.code == "deadlineExceeded")
        }
    }

    @Test func `mirrors that cannot be reached are 502`() async throws {
        let port = try FreePort.next()
        try await Rig.run(pool: { $0.mirrors[0].url = "http://127.0.0.1:\(port)" }) { rig in
            let problem = try ProblemDocument(await rig.client().get("/posts/1", "Prefer: wait=20\r\n"))
            #expect(problem.status == 502 && problem.code == "mirrorsUnavailable", "\(problem)")
        }
    }

    @Test func `an answer over the size cap is 502`() async throws {
        try await Rig.run(pool: { $0.responseLimit = 1 << 10 }) { rig in
            let problem = try ProblemDocument(await rig.client().get("/posts"))
            #expect(problem.status == 502 && problem.code == "responseTooLarge")
        }
    }

    @Test func `without Redis a miss is 503 by its deadline, memory goes on, and ready says no until Redis is back`() async throws {
        try await Rig.run(redis: true) { rig in
            let client = try rig.client()
            #expect(try await client.get("/-/ready").status == 200)
            #expect(try await client.get("/posts/1").status == 200)
            await rig.redis?.kill()
            let problem = try ProblemDocument(await client.get("/posts/2", "Prefer: wait=1\r\n"))
            #expect(problem.status == 503 && problem.code == "coordinatorUnavailable" && (problem.retryAfter ?? 0) >= 1)
            let stale = try await client.get("/posts/1")
            #expect(stale.status == 200)
            let unready = try ProblemDocument(await client.get("/-/ready"))
            #expect(unready.status == 503 && unready.code == "coordinatorUnavailable")
            #expect(try await client.get("/-/health").status == 200)
            try await rig.redis?.restart(keepingData: false)
            let limit = ContinuousClock.now + .seconds(30)
            while try await client.get("/-/ready").status != 200, ContinuousClock.now < limit {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await client.get("/-/ready").status == 200)
        }
    }

    @Test func `a port in use is an error that names the address and a remedy`() async throws {
        try await Rig.run { rig in
            var configuration = GatewayConfiguration()
            configuration.listen = "127.0.0.1:\(rig.gateway.port)"
            let error = await #expect(throws: SluiceError.self) { _ = try await Gateway(pool: rig.pool, configuration: configuration) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("127.0.0.1:\(rig.gateway.port)") == true && error?.message.contains("another port") == true)
        }
    }

    @Test func `shutting down lets the answer under way finish and takes no new connections`() async throws {
        try await Rig.run(mirror: [("latency", "400ms")]) { rig in
            let client = try rig.client()
            let idle = try rig.client()
            try client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n")
            // The mirror has counted it: it is under way.
            try await eventually("the request") { await rig.requests > 0 }
            let port = rig.gateway.port
            async let ending: Void = rig.gateway.shutDown(grace: .seconds(10))
            let answer = try await client.answer()
            #expect(answer.status == 200)
            #expect(try await client.isClosedByServer())
            #expect(try await idle.isClosedByServer())
            await ending
            #expect(throws: (any Error).self) { try RawClient(port) }
        }
    }

    @Test func `at the end of the grace a client learns whether its request may be carried out`() async throws {
        try await Rig.run(mirror: [("latency", "20s")], pool: { $0.mirrors[0].concurrency = 2 }) { rig in
            let clients = [try rig.client(), try rig.client(), try rig.client()]
            for (number, line) in ["POST /posts", "GET /posts/1", "POST /late"].enumerated() {
                try clients[number].send("\(line) HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                try await eventually("the request") { await rig.requests >= min(2, number + 1) }
            }
            await rig.gateway.shutDown(grace: .milliseconds(100))
            let left = try ProblemDocument(await clients[0].answer())
            #expect(left.status == 504 && left.retryAfter == nil && left.detail.contains("may be carried out"), "\(left)")
            for client in clients.dropFirst() {
                let unsent = try ProblemDocument(await client.answer())
                #expect(unsent.status == 503 && unsent.retryAfter == 1 && unsent.code == "shutDown", "\(unsent)")
            }
        }
    }
}
