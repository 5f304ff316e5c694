import SluiceHarness
import SluiceLoop
import SluiceRedis

extension RedisClientOptions {
    /// Time enough for a machine that stands still. A test that waits for the end of a time sets its own.
    static var patient: RedisClientOptions {
        var options = RedisClientOptions()
        (options.connectTimeout, options.commandTimeout) = (.seconds(60), .seconds(60))
        return options
    }
}

/// Runs a test with a client of a real server on a loop of its own; all of it ends with the test.
func withClient(
    _ server: RedisServer, url: String? = nil, options: RedisClientOptions = .patient,
    _ body: (RedisClient) async throws -> Void
) async throws {
    let loop = EventLoop(name: "redis-test")
    let client = RedisClient(endpoint: try RedisEndpoint(url: url ?? server.url), loop: loop, options: options)
    await client.start()
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body(client))
    } catch {
        outcome = .failure(error)
    }
    await client.shutDown()
    await loop.shutDown()
    try outcome.get()
}

/// The code of the error that `body` throws; nil when it throws none.
func code(of body: () async throws(RedisError) -> Void) async -> RedisError.Code? {
    do throws(RedisError) {
        try await body()
        return nil
    } catch {
        return error.code
    }
}

/// Asks again until the condition holds; the test's time limit ends it otherwise.
func until(_ condition: () async throws -> Bool) async throws {
    try await eventually("what the test waits for", until: condition)
}
