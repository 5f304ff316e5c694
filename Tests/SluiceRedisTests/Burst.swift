import SluiceLoop
import SluiceRedis
import Testing

/// Commands from an actor that lives on the client's loop.
actor Burst {
    private let client: RedisClient
    nonisolated var unownedExecutor: UnownedSerialExecutor { client.loop.asUnownedSerialExecutor() }

    init(_ client: RedisClient) { self.client = client }

    func send(_ count: Int) async throws {
        let results = await withCheckedContinuation { (continuation: CheckedContinuation<[Result<RedisValue, RedisError>], Never>) in
            var results: [Result<RedisValue, RedisError>] = []
            for index in 0..<count {
                client.submit([Array("ECHO".utf8), Array("\(index)".utf8)]) { result in
                    results.append(result)
                    if results.count == count { continuation.resume(returning: results) }
                }
            }
        }
        for (index, result) in results.enumerated() { #expect(try result.get().string == "\(index)") }
    }

    func await(_ count: Int) async throws {
        for index in 0..<count {
            let reply = try await client.command("ECHO", "\(index)")
            client.loop.checkIsolated()
            #expect(reply.string == "\(index)")
        }
    }

    /// Asks, and has the loop run `turn` right behind; `answered` runs when the reply is there.
    func ask(then turn: @escaping @Sendable () -> Void, answered: @Sendable () -> Void) async throws {
        client.loop.execute(turn)
        try await client.command("PING")
        answered()
    }

    func run(_ script: RedisScript) async throws(RedisError) -> RedisValue? {
        let result = await withCheckedContinuation { continuation in
            client.submit(script, keys: ["k"], arguments: ["1", "2"]) { continuation.resume(returning: $0) }
        }
        return try result.get().array?[1]
    }

    /// Starts the client and gets the reply to a command that was asked for before there can have been a connection.
    func startAndPing() async -> Result<RedisValue, RedisError> {
        await client.start()
        return await withCheckedContinuation { continuation in
            client.submit([Array("PING".utf8)]) { continuation.resume(returning: $0) }
        }
    }

    /// Sets keys to so many bytes until a command is refused at once; returns the refusal.
    func fill(_ bytes: Int) async -> RedisError {
        let value = [UInt8](repeating: 120, count: bytes)
        var refusal: RedisError?
        while refusal == nil {
            client.submit([Array("SET".utf8), Array("filler".utf8), value]) {
                if case .failure(let error) = $0 { refusal = refusal ?? error }
            }
            await Task.yield()
        }
        return refusal!
    }
}
