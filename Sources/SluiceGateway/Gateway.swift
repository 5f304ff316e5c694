public import Sluice
import SluiceLoop
import SluiceServer

/// The HTTP sidecar: programs in any language ask it as they would ask a mirror, and the pool answers.
///
/// - `GET` and `HEAD` of any path: the mirror's status, headers and body, from the cache or a mirror, with `Cache-Status` (RFC 9211), `Age`,
///   and `Sluice-Mirror` when a mirror was asked. The request's own headers are not passed on, since an answer belongs to its path alone;
///   `If-None-Match` and `If-Modified-Since` are answered here.
/// - Other methods take a slot and go to one mirror with their target as it was written (a route maps its path), their body, their content's
///   and preconditions' headers, `Accept`, `Accept-Language`, `Idempotency-Key`, `X-Request-ID` and the trace context; never `Authorization`
///   or cookies. `TRACE` and `CONNECT` are refused.
/// - `Prefer: wait=10` sets the deadline in seconds, at most a day. Errors are problem documents (RFC 9457).
/// - `/-/health`, `/-/ready`, `/-/status`, `/-/metrics`, `POST /-/purge`: see ``GatewayConfiguration/managementToken``.
///
/// It has a thread of its own: a hit in memory is answered on it, without a hand-over.
public final class Gateway: Sendable {
    private let loop: EventLoop
    private let core: GatewayCore
    private let server: HTTPServer

    /// Listens, and answers from `pool` until ``shutDown(grace:)``.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`: an impossible setting, or an address that cannot be had; it names
    ///   address, port and remedy.
    public init(pool: MirrorPool, configuration: GatewayConfiguration = GatewayConfiguration()) async throws(SluiceError) {
        var options = try configuration.serverOptions()
        let loop = EventLoop(name: "sluice-gateway")
        do throws(SluiceError) {
            let core = try GatewayCore(loop: loop, pool: pool, configuration: configuration)
            options.answered = { status, span in core.assumeIsolated { $0.answered(status, after: span) } }
            server = HTTPServer(on: loop, options: options) { request in core.assumeIsolated { $0.handle(request) } }
            self.core = core
            self.loop = loop
        } catch {
            await loop.shutDown()
            throw error
        }
        do throws(ServerError) {
            try await server.start()
        } catch {
            await loop.shutDown()
            throw SluiceError(.invalidConfiguration, "listen: \(error.message)", underlying: error)
        }
    }

    /// The port that it listens on.
    public var port: UInt16 { server.port }

    /// Where it listens, with the port that it got: `127.0.0.1:8080`.
    public var address: String { "\(server.address)" }

    /// Whether only programs of this host can reach it.
    public var isLoopbackOnly: Bool { server.address.isLoopback }

    /// Accepts no more connections, lets answers under way finish for at most `grace`, then closes everything. The pool is its owner's
    /// to shut down, after this. Call it once.
    public func shutDown(grace: Duration = .seconds(5)) async {
        await core.beginShutDown()
        await server.shutDown(drainingFor: grace)
        await loop.shutDown()
    }
}
