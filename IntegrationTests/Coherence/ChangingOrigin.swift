import SluiceLoop
import SluiceRandom
import SluiceServer
import Synchronization

/// An API whose answers are versions: a number for each path, which grows with each change. It takes its time, so that an answer
/// may be old when it arrives. It also remembers the oldest versions that may still be served.
final class ChangingOrigin: Sendable {
    private struct State {
        var versions: [String: Int] = [:]
        var required: [String: Int] = [:]
        var requests = 0
        var confirmed = 0
        var random: SeededGenerator
    }

    private let loop = EventLoop(name: "origin")
    private let state: Mutex<State>
    private let server: Mutex<HTTPServer?> = Mutex(nil)
    /// Its URL, once it has started.
    let address = Mutex("")

    init(seed: UInt64) { state = Mutex(State(random: SeededGenerator(seed: seed))) }

    func start() async throws {
        let loop = loop
        let server = HTTPServer(on: loop) { [self] request in
            let path = String(request.path)
            if path.hasPrefix("/-/") {
                return .now(ServerResponse(body: Array(managed(path, String(decoding: request.body, as: UTF8.self)).utf8)))
            }
            // The version is that of the request's arrival; the answer comes later.
            let (response, pause) = answer(path, request.headers["if-none-match"])
            return .later {
                try? await loop.sleep(until: Instant.now.advanced(byMicroseconds: pause))
                return response
            }
        }
        try await server.start()
        self.server.withLock { $0 = server }
        address.withLock { $0 = "http://\(server.address)" }
    }

    func shutDown() async {
        await server.withLock { $0 }?.shutDown()
        await loop.shutDown()
    }

    var url: String { address.withLock { $0 } }

    /// Requests for answers, and how many of them were answered with 304.
    var counts: (requests: Int, confirmed: Int) { state.withLock { ($0.requests, $0.confirmed) } }

    /// Changes what paths stand for; their new versions.
    func change(_ paths: [String]) -> [String: Int] {
        state.withLock { state in
            for path in paths { state.versions[path, default: 1] += 1 }
            return state.versions.filter { paths.contains($0.key) }
        }
    }

    /// From now on nobody who has heard of it may serve less.
    func require(_ versions: [String: Int]) { state.withLock { $0.required.merge(versions) { max($0, $1) } } }

    private func answer(_ path: String, _ validator: String?) -> (ServerResponse, Int64) {
        state.withLock { state in
            state.requests += 1
            let version = state.versions[path, default: 1]
            let number = Int(path.split(separator: "/").last ?? "") ?? 0
            let headers = [
                (name: "Cache-Control", value: "max-age=\([1, 3, 60][number % 3])"), (name: "ETag", value: "\"\(version)\""),
                (name: "Cache-Tag", value: "t\(number % 3)"),
            ]
            let pause = Int64.random(in: 0...20_000, using: &state.random)
            if validator == "\"\(version)\"" {
                state.confirmed += 1
                return (ServerResponse(status: 304, headers: headers), pause)
            }
            return (ServerResponse(headers: headers, body: Array(String(version).utf8)), pause)
        }
    }

    private func managed(_ path: String, _ body: String) -> String {
        switch path {
        case "/-/change": return Self.text(change(body.split(separator: " ").map(String.init)))
        case "/-/require":
            require(Self.versions(body))
            return ""
        default: return Self.text(state.withLock { $0.required })
        }
    }

    static func text(_ versions: [String: Int]) -> String { versions.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ") }

    private static func versions(_ text: String) -> [String: Int] {
        Dictionary(
            text.split(separator: " ").compactMap { pair in
                let parts = pair.split(separator: "=")
                return parts.count == 2 ? Int(parts[1]).map { (String(parts[0]), $0) } : nil
            }
        ) { $1 }
    }
}
