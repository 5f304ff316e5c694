import SluiceLoop
import SluiceMirror
import SluiceServer
import Testing

@testable import Sluice

@Suite(.timeLimit(.minutes(10))) struct VaryTests {
    private func mirror(_ name: String, _ headers: [String: String]) -> Mirror {
        Mirror(name: name, url: "http://\(name)", headers: headers)
    }

    @Test func `mirrors differ in a field that some have otherwise than others, or not at all, whatever its case`() {
        let same = [mirror("a", ["Accept": "x", "X-Key": "1"]), mirror("b", ["accept": "x", "x-key": "1"])]
        #expect(Mirror.differingFields(same).isEmpty)
        let different = [mirror("a", ["Accept": "x", "X-Key": "1", "Via": "a"]), mirror("b", ["accept": "x", "x-key": "2"])]
        #expect(Mirror.differingFields(different) == ["x-key", "via"])
        #expect(Mirror.differingFields([different[0]]).isEmpty)
    }

    @Test func `an answer that varies by what mirrors are sent differently is asked for each time, one that does not is kept`() async throws
    {
        let loop = EventLoop(name: "origin")
        let server = HTTPServer(on: loop) { request in
            .now(
                ServerResponse(
                    headers: [
                        (name: "Vary", value: request.path == "/key" ? "X-Key" : "Accept"), (name: "Cache-Control", value: "max-age=60"),
                    ],
                    body: Array("ok".utf8)))
        }
        try await server.start()
        var configuration = PoolConfiguration(
            mirrors: ["1", "2"].map { key in
                var mirror = MirrorConfiguration(url: "http://\(server.address)", limits: [.init(100, per: .seconds(1))])
                mirror.name = key
                mirror.headers = ["X-Key": key]
                return mirror
            })
        configuration.cache.stale = .zero
        let pool = try await MirrorPool(configuration)
        for path in ["/key", "/accept"] { _ = try await pool.get(path) }
        #expect(try await pool.get("/accept").source == .memory)
        #expect(try await pool.get("/key").source != .memory)
        _ = try await pool.get("/key", options: CallOptions(ignoresVary: ["x-key"]))
        #expect(try await pool.get("/key").source == .memory)
        await pool.shutDown()
        await server.shutDown()
        await loop.shutDown()
    }
}
