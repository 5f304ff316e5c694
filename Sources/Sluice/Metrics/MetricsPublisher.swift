import SluiceCache
import SluiceCoordination
import SluiceLoop
import SluiceRedis

/// Writes this node's figures to Redis at each tick. They vanish by themselves when the node does.
actor MetricsPublisher {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Milliseconds that a report outlives its node by at most.
    private static let life = 2_500
    private static let script = RedisScript(name: "report", source: PackageResources.report_lua)

    private let loop: EventLoop
    private let redis: RedisClient
    private let keys: PoolKeys
    private let node: NodeID
    /// The pool owns the publisher; one that was dropped is reported on no more.
    private weak var core: PoolCore?
    private var timer: LoopTimer?
    private var isLeading = false
    private var liveNodes = 1
    private var isReporting = false

    init(core: PoolCore, redis: RedisClient) {
        loop = core.loop
        self.redis = redis
        keys = core.keys
        node = core.node
        self.core = core
    }

    func start() {
        timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.tick() } }
        tick()
    }

    private func tick() {
        guard let core else { return }
        timer?.schedule(at: core.coordinator.assumeIsolated { $0.nextTick(after: .now) })
        guard !isReporting else { return }
        isReporting = true
        Task {
            await report()
            isReporting = false
        }
    }

    private func report() async {
        guard let core else { return }
        let report = await core.metrics(nodes: liveNodes)
        isLeading = report.leader != nil
        var names = [keys.nodes, keys.nodeMetrics(node.text)]
        var hashes = [report.node]
        if let leader = report.leader {
            names.append(keys.leaderMetrics)
            hashes.append(leader)
        }
        for mirror in report.mirrors {
            names.append(keys.mirrorMetrics(mirror.name))
            hashes.append(mirror.fields)
        }
        var arguments: CommandArguments = [node.text, String(Self.life)]
        for fields in hashes {
            arguments.append(Int64(fields.count))
            for field in fields {
                arguments.append(field.name)
                arguments.append(field.value)
            }
        }
        do throws(RedisError) {
            let reply = try await redis.run(Self.script, keys: names, arguments: arguments)
            core.news.wrote(refusedSince: nil)
            core.news.reported(refusedSince: nil)
            liveNodes = reply.array?.first?.int64.map(Int.init) ?? liveNodes
        } catch {
            // A report that is lost is followed by the next. As nothing else, it is written all the time, so it is what tells.
            guard let refusal = error.writeRefusal else { return }
            // A right may be missing that only this script needs.
            let isOnlyThis = error.isAboutRights ? await !core.coordinator.isLedgerFailing : false
            core.news.wrote(refusedSince: isOnlyThis ? nil : refusal)
            core.news.reported(refusedSince: isOnlyThis ? error.reply : nil)
            return
        }
        await core.coordinator.learned(liveNodes: liveNodes)
    }

    /// Takes this node's figures out of Redis.
    func shutDown() async {
        timer?.close()
        timer = nil
        // Without a connection each command would wait its time out, while the figures vanish by themselves.
        guard await redis.isConnected else { return }
        _ = try? await redis.command("ZREM", keys.nodes, node.text)
        _ = try? await redis.command("DEL", keys.nodeMetrics(node.text))
        if isLeading { _ = try? await redis.command("DEL", keys.leaderMetrics) }
    }
}
