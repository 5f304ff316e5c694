import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// The row search: cached by query string, whatever the order of its parameters, configured by the environment.
    struct SearchTests {
        @Test func `search: one request for a query in any order, 30 s by its route, and redis-cli shows key, value and TTL`() async throws
        {
            try await GatewayExample.play("search") { example in
                let client = try RawClient(example.port)
                let first = try await client.get("/universities?country=Germany")
                #expect(first.status == 200 && first.headers["cache-status"]?.contains("fwd=uri-miss") == true)
                let found = try #require(try JSONSerialization.jsonObject(with: Data(first.body.utf8)) as? [[String: Any]])
                #expect(!found.isEmpty && found.allSatisfy { $0["country"] as? String == "Germany" })
                let second = try await client.get("/universities?country=Germany")
                #expect(second.body == first.body && second.headers["cache-status"]?.hasPrefix("sluice; hit") == true)

                _ = try await client.get("/universities?name=a&country=Germany")
                let turned = try await client.get("/universities?country=%47ermany&name=a")
                #expect(turned.headers["cache-status"]?.hasPrefix("sluice; hit") == true, "order and escapes make no difference")
                #expect(try await client.get("/universities?country=France").headers["cache-status"]?.contains("fwd=uri-miss") == true)

                let key = "sluice:{search}:cache:GET:/universities?country=Germany"
                #expect((1...30).contains(Int(try await example.redis("TTL", key)) ?? -1))
                #expect(try await example.redis("HGET", key, "body") == first.body.trimmingCharacters(in: .newlines))
                #expect(try await example.redis("HGET", key, "status") == "200")
                let keys = try await example.redis("--scan", "--pattern", "sluice:{search}:cache:*").split(separator: "\n").sorted()
                #expect(
                    keys == [
                        "sluice:{search}:cache:GET:/universities?country=France", "sluice:{search}:cache:GET:/universities?country=Germany",
                        "sluice:{search}:cache:GET:/universities?country=Germany&name=a",
                    ])
                // What the route does not name has the environment's freshness.
                _ = try await client.get("/users/1")
                #expect((31...300).contains(Int(try await example.redis("TTL", "sluice:{search}:cache:GET:/users/1")) ?? -1))
            }
        }
    }
}
