import Foundation
import SluiceHarness
import Testing

/// What every other test of real processes relies on.
@Suite(.timeLimit(.minutes(10))) struct HarnessTests {
    @Test func `a server answers, keeps what it was told to keep, and starts again empty`() async throws {
        let server = try await RedisServer()
        try await server.cli("SET", "a", "1")
        try await server.restart(keepingData: true)
        #expect(try await server.cli("GET", "a") == "1")
        try await server.restart(keepingData: false)
        #expect(try await server.cli("GET", "a") == "")
        await server.stop()
    }

    @Test func `an append-only server has its data after a kill`() async throws {
        let server = try await RedisServer(.init(appendOnly: true, password: "secret"))
        try await server.cli("SET", "a", "1")
        await server.kill()
        try await server.start()
        #expect(try await server.cli("GET", "a") == "1")
    }

    @Test func `a server on a Unix socket answers`() async throws {
        let server = try await RedisServer(.init(unixSocket: true))
        #expect(try await server.cli("PING") == "PONG")
    }

    @Test func `a released server is gone, its directory too`() async throws {
        var server: RedisServer? = try await RedisServer()
        let process = try #require(server?.processIdentifier)
        let directory = try #require(server?.socketPath).replacing("/redis.sock", with: "")
        server = nil
        while kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test func `output, input and endings of a process are known`() async throws {
        let child = try await ChildProcess.run("cat", input: Array("hello".utf8))
        #expect(child.standardOutput == "hello")
        #expect(child.ending == .exited(0))
        #expect(try await ChildProcess.run("sh", ["-c", "exit 3"]).ending == .exited(3))
        #expect(try await ChildProcess("sleep", ["60"]).kill() == .signalled(SIGKILL))
        #expect(throws: HarnessError.self) { try ChildProcess("/nowhere/at/all") }
    }

    @Test func `a child dies with a killed parent`() async throws {
        let result = await #expect(processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]) {
            let child = try ChildProcess("sleep", ["1000"])
            print(child.processIdentifier)
            fflush(nil)
            kill(getpid(), SIGKILL)
        }
        let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        let child = try #require(output.split(separator: "\n").compactMap { Int32($0) }.last)
        while kill(child, 0) == 0 { try await Task.sleep(for: .milliseconds(1)) }
    }
}
