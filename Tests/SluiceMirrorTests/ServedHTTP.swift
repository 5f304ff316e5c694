import SluiceHarness
import SluiceLoop
import SluiceServer

/// A server for the length of a test.
enum ServedHTTP {
    /// Starts a server with this handler, runs `body` with its port, and ends it.
    static func run(
        _ options: ServerOptions = ServerOptions(), _ handler: @escaping @Sendable (ServerRequest) -> ServerReply = echo,
        _ body: (UInt16) async throws -> Void
    ) async throws {
        let loop = EventLoop(name: "test-server")
        let server = HTTPServer(on: loop, options: options, handler: handler)
        do {
            try await server.start()
            try await body(server.port)
        } catch {
            await server.shutDown(drainingFor: .zero)
            await loop.shutDown()
            throw error
        }
        await server.shutDown(drainingFor: .zero)
        await loop.shutDown()
    }

    /// Says what was asked: method, target, body.
    @Sendable static func echo(_ request: ServerRequest) -> ServerReply {
        .now(.text(200, "\(request.method) \(request.target) \(String(decoding: request.body, as: UTF8.self))"))
    }
}
