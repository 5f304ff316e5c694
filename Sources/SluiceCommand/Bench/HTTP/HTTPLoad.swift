import SluiceHTTP
import SluiceLoop

/// Tasks that ask for one URL over and over, through one client.
final class HTTPLoad: Sendable {
    struct Result: Sendable {
        var count = 0
        var perSecond = 0.0
        var processorSeconds = 0.0
    }

    private let loop = EventLoop(name: "bench-http")
    private let client: HTTPClient
    private let request: HTTPRequest
    private let seconds: Double

    init(url: String, seconds: Double) throws {
        client = try HTTPClient(loop: loop)
        request = HTTPRequest(url: url + "/")
        self.seconds = seconds
    }

    func close() async {
        await client.shutDown()
        await loop.shutDown()
    }

    /// Asks for `seconds`, and says how often and at which cost. The tasks run where the pool's do: on the client's loop.
    func run(tasks: Int) async throws -> Result {
        let startedAt = Instant.now
        let deadline = startedAt.advanced(byMicroseconds: Int64(seconds * 1e6))
        let begin = ProcessorTime.own
        var result = Result()
        result.count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<tasks {
                group.addTask(executorPreference: loop) { [client, request] in
                    var count = 0
                    repeat {
                        let response = try await client.send(request, timeout: .seconds(10)) { true }
                        guard response.status == 200 else { throw BenchError("\(request.url) answered \(response.status) in place of 200") }
                        count += 1
                    } while Instant.now < deadline
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        result.processorSeconds = ProcessorTime.own - begin
        result.perSecond = Double(result.count) / (Double(Instant.now.microseconds(since: startedAt)) / 1e6)
        return result
    }
}
