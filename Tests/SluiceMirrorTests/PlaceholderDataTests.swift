import Foundation
import SluiceMirror
import Testing

struct PlaceholderDataTests {
    private func get(_ path: String, _ query: String? = nil, posts: Int = 100) throws -> (status: Int, json: Any) {
        let answer = PlaceholderData(posts: posts).get(path: path[...], query: query.map { $0[...] })
        return (answer.status, try JSONSerialization.jsonObject(with: Data(answer.body)))
    }

    private func sorted(_ json: Any) throws -> Data { try JSONSerialization.data(withJSONObject: json, options: .sortedKeys) }

    private func list(_ path: String, _ query: String? = nil, posts: Int = 100) throws -> [[String: Any]] {
        try #require(try get(path, query, posts: posts).json as? [[String: Any]])
    }

    @Test func `collections have the sizes and keys that clients know`() throws {
        let posts = try list("/posts")
        #expect(posts.count == 100)
        #expect(posts.allSatisfy { Set($0.keys) == ["userId", "id", "title", "body"] })
        let todos = try list("/todos")
        #expect(todos.count == 200)
        #expect(todos.allSatisfy { Set($0.keys) == ["userId", "id", "title", "completed"] })
        let users = try list("/users")
        #expect(users.count == 10)
        #expect(users.allSatisfy { Set($0.keys) == ["id", "name", "username", "email", "address", "phone", "website", "company"] })
    }

    @Test func `an item is the same alone as in its collection`() throws {
        for collection in ["posts", "todos", "users"] {
            for item in try list("/\(collection)") {
                let id = try #require(item["id"] as? Int)
                #expect(try sorted(item) == sorted(get("/\(collection)/\(id)").json))
            }
        }
    }

    @Test func `items are chosen by user`() throws {
        #expect(try list("/posts", "userId=2").map { $0["id"] as? Int } == Array(11...20))
        #expect(try list("/posts", "a=b&userId=%32").count == 10)
        #expect(try list("/todos", "userId=10").count == 20)
        #expect(try list("/posts", "userId=11").isEmpty)
        #expect(try list("/posts", "userId=x").isEmpty)
    }

    @Test func `there are as many distinct posts as were asked for`() throws {
        #expect(try list("/posts", posts: 240).count == 240)
        #expect(try get("/posts/240", posts: 240).status == 200)
        let bodies = Set((1...240).map { PlaceholderData(posts: 240).get(path: "/posts/\($0)"[...], query: nil).body })
        #expect(bodies.count == 240)
    }

    @Test(arguments: [
        "/posts/101", "/posts/0", "/posts/07", "/posts/x", "/posts/", "/posts/1/", "/", "", "/nothing", "/posts/9999999999999999999999",
    ])
    func `what does not exist is 404 with an empty object`(path: String) throws {
        let (status, json) = try get(path)
        #expect(status == 404)
        #expect((json as? [String: Any])?.isEmpty == true)
    }

    @Test func `universities are found by country`() throws {
        #expect(try list("/universities", "country=germany").allSatisfy { $0["country"] as? String == "Germany" })
        #expect(try list("/universities", "country=united+kingdom").count == 3)
        #expect(try list("/universities", "country=Atlantis").isEmpty)
        #expect(try list("/universities").count > 10)
    }

    @Test(arguments: [(#"{"item": 7}"#, 2), ("{}", 1), (" {\n} \n", 1), (#"{"id": 1}"#, 1)])
    func `an order comes back with an id of ours`(body: String, keys: Int) throws {
        let answer = PlaceholderData().post(path: "/orders", body: Array(body.utf8), id: 42)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(answer.status == 201)
        #expect(json.count == keys)
        if !body.contains("id") { #expect(json["id"] as? Int == 42) }
    }

    @Test(arguments: ["", "[]", "7", "{"]) func `an order that is no object is refused`(body: String) {
        #expect(PlaceholderData().post(path: "/orders", body: Array(body.utf8), id: 1).status == 400)
    }
}
