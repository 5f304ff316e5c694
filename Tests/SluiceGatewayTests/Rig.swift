import Sluice
import SluiceGateway
import SluiceHarness
import SluiceLoop
import SluiceMirror
import SluiceServer

/// One strict mirror, one pool, one gateway, on real sockets; with a Redis of their own when asked for.
struct Rig: Sendable {
    let loop: EventLoop
    let mirror: StrictMirror
    let redis: RedisServer?
    let pool: MirrorPool
    let gateway: Gateway
    let configuration: PoolConfiguration

    /// A connection to the gateway.
    func client() throws -> RawClient { try RawClient(gateway.port) }

    /// Requests that the mirror has counted.
    var requests: Int { get async { await mirror.stats.requests } }

    /// Starts all of it, runs `body`, checks that the mirror saw no violation, and ends all of it.
    static func run(
        redis withRedis: Bool = false, mirror options: [(String, String)] = [],
        limit: MirrorConfiguration.Limit = .init(10_000, per: .seconds(60)),
        pool change: (inout PoolConfiguration) -> Void = { _ in }, gateway changeGateway: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (Rig) async throws -> Void
    ) async throws {
        let loop = EventLoop(name: "test-mirror")
        var mirrorOptions = StrictMirrorOptions()
        for (name, text) in options { try mirrorOptions.set(name, to: text) }
        mirrorOptions.limits.append(try MirrorLimit(limit.count, per: limit.window))
        let mirror = StrictMirror(on: loop, options: mirrorOptions)
        let address = try await mirror.start()
        let redis = withRedis ? try await RedisServer() : nil
        var configuration = PoolConfiguration(mirrors: [MirrorConfiguration(url: "http://\(address)", name: "m1", limits: [limit])])
        configuration.redis = redis?.url
        change(&configuration)
        let pool = try await MirrorPool(configuration)
        var gatewayConfiguration = GatewayConfiguration()
        gatewayConfiguration.listen = "127.0.0.1:0"
        changeGateway(&gatewayConfiguration)
        let gateway = try await Gateway(pool: pool, configuration: gatewayConfiguration)
        let rig = Rig(loop: loop, mirror: mirror, redis: redis, pool: pool, gateway: gateway, configuration: configuration)
        var failure: (any Error)?
        do { try await body(rig) } catch { failure = error }
        await gateway.shutDown(grace: .milliseconds(100))
        await pool.shutDown(grace: .zero)
        await mirror.shutDown(drainingFor: .zero)
        await loop.shutDown()
        await redis?.kill()
        if let failure { throw failure }
    }
}

/// A mirror that answers as a test wants it to.
struct ScriptedMirror {
    let loop: EventLoop
    let server: HTTPServer

    init(_ handler: @escaping @Sendable (ServerRequest) -> ServerReply) async throws {
        loop = EventLoop(name: "test-scripted")
        server = HTTPServer(on: loop, handler: handler)
        try await server.start()
    }

    var url: String { "http://\(server.address)" }

    func shutDown() async {
        await server.shutDown(drainingFor: .zero)
        await loop.shutDown()
    }
}
