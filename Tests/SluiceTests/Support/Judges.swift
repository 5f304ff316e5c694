import Sluice
import SluiceLoop
import SluiceMirror

/// Strict mirrors on a loop of their own, and a pool's configuration for them.
struct Judges {
    let loop = EventLoop(name: "judges")
    let mirrors: [StrictMirror]
    let urls: [String]
    let limit: MirrorConfiguration.Limit

    init(_ count: Int = 2, limit: MirrorConfiguration.Limit, latency: String = "0ms") async throws {
        self.limit = limit
        var options = StrictMirrorOptions()
        options.limits = [try MirrorLimit(limit.count, per: limit.window)]
        options.latency = try MirrorLatency(text: latency)
        options.block = .seconds(60)
        var mirrors: [StrictMirror] = []
        var urls: [String] = []
        for _ in 0..<count {
            let mirror = StrictMirror(on: loop, options: options)
            urls.append("http://\(try await mirror.start())")
            mirrors.append(mirror)
        }
        self.mirrors = mirrors
        self.urls = urls
    }

    func configuration(redis: String? = nil) -> PoolConfiguration {
        var configuration = PoolConfiguration(mirrors: urls.map { MirrorConfiguration(url: $0, limits: [limit]) })
        configuration.redis = redis
        return configuration
    }

    var requests: Int {
        get async {
            var total = 0
            for mirror in mirrors { total += await mirror.stats.requests }
            return total
        }
    }

    var violations: Int {
        get async {
            var total = 0
            for mirror in mirrors { total += await mirror.stats.violations }
            return total
        }
    }

    func shutDown() async {
        for mirror in mirrors { await mirror.shutDown() }
        await loop.shutDown()
    }
}

struct Post: Decodable, Sendable {
    let userId: Int
    let id: Int
    let title: String
    let body: String
}
