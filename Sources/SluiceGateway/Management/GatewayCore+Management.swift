import Sluice
import SluiceServer

/// The gateway's own pages, under `/-/`.
extension GatewayCore {
    /// Answers a request for such a page.
    func manage(_ request: ServerRequest, _ path: String) -> ServerReply {
        do throws(Problem) {
            switch path {
            case "/-/health":
                try Self.require(["GET", "HEAD"], request)
                return .now(Self.json(200, "{\"status\":\"alive\"}\n"))
            case "/-/ready":
                try Self.require(["GET", "HEAD"], request)
                guard !isShuttingDown else { throw Problem(SluiceError(.shutDown, "the gateway is shutting down; ask another one.")) }
                return later(request) { [pool] in await Self.ready(pool, request) }
            case "/-/status":
                try Self.require(["GET", "HEAD"], request)
                try access.require(request)
                return later(request) { [pool] in await Self.status(pool, request) }
            case "/-/metrics":
                try Self.require(["GET", "HEAD"], request)
                try access.require(request)
                // As they are before this request counts among them.
                let tally = tally
                return later(request) { [pool] in await Self.metrics(pool, tally) }
            case "/-/purge":
                try Self.require(["POST"], request)
                try access.require(request)
                let order = try PurgeOrder(query: request.query, targets)
                return later(request) { [pool] in await Self.purge(order, pool, request) }
            default:
                throw Problem(
                    404, "notFound",
                    "the gateway has no such page; it has /-/health, /-/ready, /-/status, /-/metrics and, with POST, /-/purge.")
            }
        } catch {
            return .now(error.response(to: request.target))
        }
    }

    private static func require(_ methods: [String], _ request: ServerRequest) throws(Problem) {
        guard !methods.contains(request.method) else { return }
        let list = methods.joined(separator: ", ")
        throw Problem(
            405, "methodNotAllowed", "this page takes \(list), not \(request.method).", headers: [(name: "Allow", value: list)])
    }

    private static func ready(_ pool: MirrorPool, _ request: ServerRequest) async -> ServerResponse {
        if await pool.isReady { return json(200, "{\"status\":\"ready\"}\n") }
        let reason = pool.writeRefusal ?? "Redis is out of reach, so no slot can be had; it is tried again."
        return Problem(SluiceError(.coordinatorUnavailable, reason))
            .response(to: request.target)
    }

    private static func metrics(_ pool: MirrorPool, _ tally: GatewayTally) async -> ServerResponse {
        // What the pool as a whole knows of its mirrors is in Redis; while that is away, this node's own figures must do.
        let status = await pool.isConnected ? try? await pool.status() : nil
        let text = MetricsText.of(pool: pool.name, node: pool.node, pool.statistics, tally, mirrors: status?.mirrors ?? [])
        return ServerResponse(
            headers: [
                (name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8"), (name: "Cache-Control", value: "no-store"),
            ], body: Array(text.utf8))
    }

    private static func status(_ pool: MirrorPool, _ request: ServerRequest) async -> ServerResponse {
        do throws(SluiceError) {
            return json(200, try await pool.status().json + "\n")
        } catch {
            return Problem(error).response(to: request.target)
        }
    }

    private static func purge(_ order: PurgeOrder, _ pool: MirrorPool, _ request: ServerRequest) async -> ServerResponse {
        do throws(SluiceError) {
            let purged: String
            switch order {
            case .path(let target): purged = try await pool.purge(target) ? "1" : "0"
            case .tag(let tag): purged = "\(try await pool.purge(tag))"
            // Nothing is looked through, so nothing is counted.
            case .prefix(let prefix):
                try await pool.purge(prefix: prefix)
                purged = "true"
            case .everything:
                try await pool.purgeEverything()
                purged = "true"
            }
            return json(200, "{\"purged\":\(purged)}\n")
        } catch {
            return Problem(error).response(to: request.target)
        }
    }

    private static func json(_ status: Int, _ text: String) -> ServerResponse {
        ServerResponse(
            status: status, headers: [(name: "Content-Type", value: "application/json"), (name: "Cache-Control", value: "no-store")],
            body: Array(text.utf8))
    }
}
