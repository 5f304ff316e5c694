import SluiceLoop
import SluiceServer

/// Our HTTP server with one short answer to everything: what the gateway's foundation can do at most.
enum FixedServer {
    /// What is answered, here and by the server that ours is compared with.
    static let body = String(repeating: "x", count: 100)

    /// Serves on a free port, which is told on standard output, until a signal comes that asks for an end.
    static func serve(until signals: AsyncStream<Int32>) async throws {
        let loop = EventLoop(name: "serve")
        var made = ServerResponse(headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        made.prepare()
        let answer = made
        let server = HTTPServer(on: loop) { _ in .now(answer) }
        do { try await server.start() } catch {
            await loop.shutDown()
            throw error
        }
        DemoText.write("ready http://\(server.address)\n", to: 1)
        for await _ in signals { break }
        await server.shutDown(drainingFor: .zero)
        await loop.shutDown()
    }
}
