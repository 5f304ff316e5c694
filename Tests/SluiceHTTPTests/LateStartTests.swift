import Foundation
import SluiceHTTP
import SluiceHarness
import SluiceLoop
import Testing

@Suite("G5, always an answer: a request leaves in time or not at all", .timeLimit(.minutes(10)))
struct LateStartTests {
    /// As `failure`, with an instant by which the request has to leave.
    private func late(_ client: HTTPClient, _ url: String, after span: Duration, _ gate: Gate = Gate()) async throws -> HTTPError {
        do {
            _ = try await client.send(HTTPRequest(url: url), timeout: .seconds(600), startBy: Instant.now.advanced(by: span)) { gate.ask() }
            Issue.record("an answer where an error was expected")
            throw CancellationError()
        } catch let error as HTTPError {
            return error
        }
    }

    @Test func `a connection that does not come about is given up when its request would be too late, and the error says since when`()
        async throws
    {
        let stalled = try StalledListener()
        try await withClient {
            $0.connectTimeout = .seconds(300)
        } _: { client in
            let gate = Gate()
            let begun = Instant.now
            let error = try await late(client, "http://127.0.0.1:\(stalled.port)/", after: .seconds(2), gate)
            #expect(error.code == .lateStart)
            #expect(!error.wasSent)
            #expect(gate.asked == 0)
            let since = try #require(error.connectingSince)
            #expect(begun <= since && since < error.endedAt)
            // Not as long as connecting may take otherwise.
            #expect(error.endedAt.microseconds(since: begun) >= 2_000_000)
            #expect(error.endedAt.microseconds(since: begun) < 60_000_000)
            #expect(error.message.contains("127.0.0.1 did not accept a connection within"))
            #expect(socketsLeading(to: stalled.port) == 1, "only the one that fills the queue is left")
        }
    }

    @Test func `so is a TLS handshake that stalls`() async throws {
        let server = TestServer { connection, _ in connection.waitForClose() }
        defer { server.stop() }
        try await withClient { client in
            let error = try await late(client, "https://127.0.0.1:\(server.port)/", after: .seconds(2))
            #expect(error.code == .lateStart)
            #expect(!error.wasSent)
            #expect(error.connectingSince != nil)
        }
    }

    @Test func `who waits in vain for one of our own connections has never connected, and leaves the connection to its user`() async throws
    {
        let arrived = Signal()
        let leave = Signal()
        let busy = TestServer { connection, _ in
            while connection.next() != nil {
                arrived.send()
                leave.wait()
                connection.answer("at last")
            }
        }
        defer { busy.stop() }
        try await withClient {
            $0.connectionsPerOrigin = 1
        } _: { client in
            let first = Task { try await client.answer(HTTPRequest(url: busy.url)) }
            await arrived.arrival()
            let gate = Gate()
            let error = try await late(client, busy.url, after: .seconds(2), gate)
            #expect(error.code == .lateStart)
            #expect(!error.wasSent)
            #expect(error.connectingSince == nil)
            #expect(error.message.contains("connections to be free"))
            #expect(gate.asked == 0)
            leave.send()
            #expect(try await first.value.text == "at last")
            leave.send()
            #expect(try await client.answer(HTTPRequest(url: busy.url)).connectionReused)
        }
        #expect(busy.received.count == 2)
    }

    @Test func `a request that left in time has all the time of its timeout, and no more`() async throws {
        let server = TestServer { connection, _ in
            if connection.next()?.target == "/late" {
                Thread.sleep(forTimeInterval: 6)
                connection.answer("late, but here")
            }
            connection.waitForClose()
        }
        defer { server.stop() }
        try await withClient { client async throws in
            @Sendable func send(_ path: String, timeout: Duration) async throws -> HTTPResponse {
                // Long enough for a machine that stands still before it has sent anything.
                let startBy = Instant.now.advanced(by: .seconds(5))
                return try await client.send(HTTPRequest(url: server.url + path), timeout: timeout, startBy: startBy) { true }
            }
            async let late = send("/late", timeout: .seconds(60))
            let error = await #expect(throws: HTTPError.self) { try await send("/never", timeout: .seconds(6)) }
            #expect(try await late.text == "late, but here")
            #expect(error?.code == .timeout)
            #expect(error?.wasSent == true)
        }
    }
}
