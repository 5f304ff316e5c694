/// The data of a strict mirror: JSONPlaceholder's shapes, with texts of our own. Pure, and the same in every process.
package struct PlaceholderData: Sendable {
    /// An answer: always JSON.
    package struct Answer: Sendable, Hashable {
        /// The HTTP status.
        package let status: Int
        /// A JSON text.
        package let body: [UInt8]
    }

    /// How many posts there are, at least 1.
    package let posts: Int
    /// How many todos there are.
    package static let todos = 200
    /// How many users there are.
    package static let users = PlaceholderPeople.count
    private static let postsPerUser = 10
    private static let todosPerUser = 20

    package init(posts: Int = 100) { self.posts = max(1, posts) }

    /// What GET answers for a raw path and query: `/posts` (also with `?userId=`), `/posts/{id}`, the same of `/todos` and `/users`,
    /// `/universities?country=`. Anything else is 404 with `{}`.
    package func get(path: Substring, query: Substring?) -> Answer {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard let collection = parts.first else { return Self.notFound }
        let id = parts.dropFirst().first
        guard parts.count <= 2 else { return Self.notFound }
        switch collection {
        case "posts": return items(posts, id, Self.userID(query), perUser: Self.postsPerUser, Self.writePost)
        case "todos": return items(Self.todos, id, Self.userID(query), perUser: Self.todosPerUser, Self.writeTodo)
        case "users": return items(Self.users, id, nil, perUser: 1, PlaceholderPeople.write)
        case "universities" where id == nil:
            return Self.answer { PlaceholderUniversities.write(country: QueryText.value(of: "country", in: query), to: &$0) }
        default: return Self.notFound
        }
    }

    /// What POST answers for `/orders` and `/posts`: 201 and the object that was sent, with `id` added. 400 when it is no object.
    package func post(path: Substring, body: [UInt8], id: Int) -> Answer {
        guard path == "/orders" || path == "/posts" else { return Self.notFound }
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        var inside = body.drop { blanks.contains($0) }
        while let last = inside.last, blanks.contains(last) { inside.removeLast() }
        guard inside.first == UInt8(ascii: "{"), inside.last == UInt8(ascii: "}"), inside.count >= 2 else {
            return Self.answer(status: 400) {
                $0.object { $0.string("error", "The body is no JSON object; send one, such as {\"item\": 7}.") }
            }
        }
        inside = inside.dropFirst().dropLast()
        let isEmpty = inside.allSatisfy { blanks.contains($0) }
        // Last, so that most readers take our id where the order brought one of its own.
        return Answer(status: 201, body: Array("{".utf8) + inside + Array("\(isEmpty ? "" : ",")\"id\":\(id)}\n".utf8))
    }

    /// 404 with an empty object.
    package static let notFound = Answer(status: 404, body: Array("{}\n".utf8))

    private func items(
        _ count: Int, _ id: Substring?, _ userID: Int?, perUser: Int, _ write: (Int, inout JSONText) -> Void
    ) -> Answer {
        guard let id else {
            return Self.answer { json in
                json.array { list in
                    for item in 1...count where userID == nil || (item - 1) / perUser + 1 == userID { write(item, &list) }
                }
            }
        }
        // Only the number's plain form names the item: 07 is no other name of 7.
        guard let number = Int(id), String(number) == id, (1...count).contains(number) else { return Self.notFound }
        return Self.answer { write(number, &$0) }
    }

    private static func answer(status: Int = 200, _ write: (inout JSONText) -> Void) -> Answer {
        var json = JSONText()
        write(&json)
        json.endLine()
        return Answer(status: status, body: json.bytes)
    }

    /// The user asked for; 0, which nobody is, for what is no number; nil when none is asked for.
    private static func userID(_ query: Substring?) -> Int? { QueryText.value(of: "userId", in: query).map { Int($0) ?? 0 } }

    private static func writePost(_ id: Int, to json: inout JSONText) {
        var text = PlaceholderText(1, id)
        json.object { post in
            post.number("userId", (id - 1) / postsPerUser + 1)
            post.number("id", id)
            post.string("title", text.title())
            post.string("body", text.paragraph())
        }
    }

    private static func writeTodo(_ id: Int, to json: inout JSONText) {
        var text = PlaceholderText(2, id)
        json.object { todo in
            todo.number("userId", (id - 1) / todosPerUser + 1)
            todo.number("id", id)
            todo.string("title", text.sentence())
            todo.bool("completed", text.number(0...1) == 1)
        }
    }
}
