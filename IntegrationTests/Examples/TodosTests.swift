import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// The row todos: a public API behind other paths, cached.
    struct TodosTests {
        @Test func `todos: renamed paths, a first answer as slow as the API, and then under a millisecond at the server`() async throws {
            try await GatewayExample.play("todos") { example in
                let client = try RawClient(example.port)
                let clock = ContinuousClock()
                var first: RawClient.Answer?
                let cold = try await clock.measure { first = try await client.get("/get_todos/7") }
                let answer = try #require(first)
                #expect(answer.status == 200 && answer.headers["cache-status"]?.contains("fwd=uri-miss") == true)
                let todo = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
                #expect(todo.keys.sorted() == ["completed", "id", "title", "userId"] && todo["id"] as? Int == 7)
                #expect(cold >= .milliseconds(120), "the mirrors take 120 to 700 ms")

                let all = try await client.get("/get_todos")
                #expect((try JSONSerialization.jsonObject(with: Data(all.body.utf8)) as? [Any])?.count == 200)
                // The API's own path has the same answer.
                #expect(try await client.get("/todos/7").headers["cache-status"]?.hasPrefix("sluice; hit") == true)

                let before = try await Self.times(client)
                let rounds = 1_000
                let warm = try await clock.measure {
                    for _ in 0..<rounds {
                        let hit = try await client.get("/get_todos/7")
                        #expect(hit.body == answer.body && hit.headers["cache-status"]?.hasSuffix("detail=memory") == true)
                    }
                }
                let after = try await Self.times(client)
                let average = (after.sum - before.sum) / Double(after.count - before.count)
                // Half of them, since a busy machine may take the processor away from any.
                #expect(after.underMillisecond - before.underMillisecond >= rounds / 2)
                print(
                    "todos: first answer \(cold.formatted(.units(allowed: [.milliseconds]))), cached \(Int(average * 1_000_000)) µs at "
                        + "the server on average, \((warm / rounds).formatted(.units(allowed: [.microseconds]))) at the client")
                #expect(try await example.redis("EXISTS", "sluice:{todos}:cache:GET:/todos/7") == "1")
            }
        }

        /// What the gateway says of the time between requests and their answers.
        private static func times(_ client: RawClient) async throws -> (sum: Double, count: Int, underMillisecond: Int) {
            let text = try await client.get("/-/metrics").body
            func value(_ name: String, _ label: String = "") throws -> Double {
                let line = text.split(separator: "\n").first {
                    $0.hasPrefix("sluice_gateway_response_seconds_\(name){") && (label.isEmpty || $0.contains(label))
                }
                return try #require(line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) })
            }
            return (try value("sum"), Int(try value("count")), Int(try value("bucket", "le=\"0.001\"")))
        }
    }
}
