import Sluice
import SluiceHarness
import SluiceServer
import Testing

@testable import SluiceGateway

/// Routes with parameters, and the small grammars of headers.
@Suite(.timeLimit(.minutes(10)))
struct GatewayRouteTests {
    typealias Route = PoolConfiguration.Route

    private static func table() throws -> RouteTable {
        try RouteTable([
            Route(path: "/get_todos/{id}", upstream: "/todos/{id}", fresh: .seconds(5)), Route(path: "/get_todos/all", upstream: "/todos"),
            Route(path: "/u/{user}/p/{post}", upstream: "/posts/{post}/by/{user}"), Route(path: "/u/me/p/{post}", upstream: "/mine/{post}"),
            Route(path: "/find/{word}", upstream: "/search?kind=a&q={word}"), Route(path: "/plain", stale: .seconds(1)),
        ])
    }

    @Test(
        arguments: [
            ("/get_todos/5", "/todos/5"), ("/get_todos/5?b=1", "/todos/5?b=1"), ("/get_todos/all", "/todos"),
            ("/get_todos/all?x", "/todos?x"),
            ("/get_todos/a%2Fb", "/todos/a%2Fb"), ("/get_todos/%3Fx=1", "/todos/%3Fx=1"), ("/u/1/p/2", "/posts/2/by/1"),
            ("/u/me/p/2", "/mine/2"),
            ("/find/a&b=c+d;e", "/search?kind=a&q=a%26b%3Dc%2Bd%3Be"), ("/find/x?q=y", "/search?kind=a&q=x&q=y"), ("/plain?a", "/plain?a"),
            ("/get_todos/", nil), ("/get_todos", nil), ("/get_todos/5/6", nil), ("/get_todos/5/", nil), ("/u/me/q/2", nil), ("/", nil),
        ] as [(String, String?)])
    func `a path becomes the mirrors' path, and literal segments win`(target: String, expected: String?) throws {
        let request = ServerRequest(target: target)
        #expect(try Self.table().match(request.path, query: request.query)?.target == expected)
    }

    @Test func `spellings of one path match alike, and no value adds a segment or leaves the mirror`() throws {
        let targets = RequestTargets(try Self.table())
        for spelling in ["/get%5Ftodos/5", "/%67et_todos/5", "/get_todos/%35"] {
            guard case .pool(let target, let options) = try targets.place(of: spelling) else { throw NotForThePool() }
            #expect(target.text == "/todos/5" && options.fresh == .seconds(5))
        }
        for evil in ["/get_todos/..", "/get_todos/%2e%2e", "/get_todos/a%2f..%2f..", "/get_todos/%2F..", "/get_todos/..;x"] {
            #expect(throws: Problem.self) { try targets.place(of: evil) }
        }
        guard case .pool(let target, _) = try targets.place(of: "/get_todos/%2F%2Fevil.example") else { throw NotForThePool() }
        #expect(target.text == "/todos/%2F%2Fevil.example")
        // As the path of a purge, which comes decoded: an accent behind the mark makes them one character.
        guard case .pool(let odd, _) = try targets.place(of: "/get_todos/5?\u{301}b&a") else { throw NotForThePool() }
        #expect(odd.text == "/todos/5?%CC%81b&a" && odd.written == "/todos/5?\u{301}b&a")
    }

    @Test(arguments: [
        (Route(path: "todos"), "routes[0].path"), (Route(path: "//x"), "routes[0].path"), (Route(path: "/a?b"), "no query"),
        (Route(path: "/a{id}"), "whole segment"), (Route(path: "/{}"), "whole segment"), (Route(path: "/{a}/{a}"), "twice"),
        (Route(path: "/{a"), "whole segment"), (Route(path: "/a/../b"), "no path"), (Route(path: "/-/x"), "below /-/"),
        (Route(path: "/a", upstream: "/{b}"), "{b}"), (Route(path: "/{a}", upstream: "x/{a}"), "routes[0].upstream"),
        (Route(path: "/{a}", upstream: "//h/{a}"), "routes[0].upstream"), (Route(path: "/{a}", upstream: "/x}"), "brace"),
        (Route(path: "/{a}", fresh: .seconds(-1)), "routes[0].fresh"),
    ])
    func `an impossible route is an error that names its place`(route: Route, words: String) throws {
        let error = #expect(throws: SluiceError.self) { try RouteTable([route]) }
        #expect(error?.code == .invalidConfiguration && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `two routes for the same paths are an error`() throws {
        #expect(throws: SluiceError.self) { try RouteTable([Route(path: "/a/{x}"), Route(path: "/a/{y}", upstream: "/b")]) }
    }

    @Test func `a route is served end to end with its own freshness, for reads and writes`() async throws {
        let mirror = try await ScriptedMirror { request in .now(.text(200, "\(request.method) \(request.target)")) }
        let route = Route(path: "/get_todos/{id}", upstream: "/todos/{id}", fresh: .seconds(7))
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }, gateway: { $0.routes = [route] }) { rig in
            let client = try rig.client()
            #expect(try await client.get("/get_todos/5").body == "GET /todos/5\n")
            for path in ["/get_todos/5", "/todos/5"] {
                let status = try CacheStatusField(await client.get(path).headers["cache-status"])
                #expect(status.isHit && (status.ttl ?? 100) <= 7)
            }
            // The order of a query's parameters may mean something to a method that the cache has no part in, and to it alone.
            #expect(try await client.get("/get_todos/5?b=2&a=1&a=0").body == "GET /todos/5?a=0&a=1&b=2\n")
            #expect(
                try await client.get("/get_todos/5?b=2&a=1&a=0", "Content-Length: 0\r\n", method: "PATCH").body
                    == "PATCH /todos/5?b=2&a=1&a=0\n")
            #expect(try await client.get("/get_todos/5", "Content-Length: 0\r\n", method: "DELETE").body == "DELETE /todos/5\n")
            #expect(try CacheStatusField(await client.get("/todos/5").headers["cache-status"]).forward == "uri-miss")
        }
        await mirror.shutDown()
    }

    @Test(
        arguments: [
            (["wait=10"], 10), (["respond-async, wait=7"], 7), (["WAIT = 7"], 7), (["wait=\"3\""], 3), (["a;wait=3"], nil),
            (["wait=x"], nil),
            (["wait=-1"], nil), (["wait"], nil), (["wait="], nil), (["a", "wait=4"], 4), (["wait=1, wait=2"], 1),
            (["x=\",wait=9,\", wait=2"], 2),
            (["wait=99999999999999999999999"], 86_400), (["wait=0"], 0), ([], nil), (["wait=5; foo=bar"], 5), (["\"", "wait=1"], 1),
        ] as [([String], Int?)])
    func `the first wait preference counts`(lines: [String], seconds: Int?) {
        #expect(Preference.wait(lines) == seconds)
    }

    @Test(arguments: [
        ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("\"b\",W/\"a\" ,", true), ("*", true), ("\"b\"", false), ("a", false),
        ("", false),
        ("\"x,y\", \"a\"", true), ("\"a", false), (", ,\"a\"", true),
    ])
    func `entity tags are compared weakly`(list: String, expected: Bool) {
        #expect(EntityTagList.matches(list, "\"a\"") == expected)
        #expect(EntityTagList.matches(list, "W/\"a\"") == expected)
    }

    @Test(arguments: [
        ("\"é\"", "\"é\"", true), ("\"e\u{301}\"", "\"é\"", false), ("\"\u{301}\", \"a\"", "\"a\"", true),
        ("\"\u{FFFD}\"", "\"\u{FFFD}\"", false),
        ("\"\u{FFFD}\", *", "\"\u{FFFD}\"", true),
    ])
    func `entity tags are compared by their bytes, and what was not UTF-8 is like nothing`(list: String, tag: String, expected: Bool) {
        #expect(EntityTagList.matches(list, tag) == expected)
    }

    @Test(arguments: [(Duration.zero, 1), (.milliseconds(1), 1), (.milliseconds(1_001), 2), (.seconds(2), 2)] as [(Duration, Int64)])
    func `Retry-After is rounded up to whole seconds, at least one`(wait: Duration, seconds: Int64) {
        #expect(Problem.seconds(wait) == seconds)
    }

    private struct NotForThePool: Error {}
}
