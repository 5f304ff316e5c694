import SluiceCache
import SluiceCoordination

/// The figures of one node, as the fields of its hashes in Redis; a pure value. DESIGN-level contract: see the article
/// on metrics in the package's documentation.
struct MetricsReport: Sendable {
    /// One hash: its fields in order. A name that begins with `+` has a value in milliseconds from now.
    typealias Fields = [(name: String, value: String)]

    var node: Fields
    /// Written only by the node that leads.
    var leader: Fields?
    /// Written by the leader, and by nodes that reserve for themselves.
    var mirrors: [(name: String, fields: Fields)] = []

    /// What one node says of itself.
    static func node(
        _ node: NodeID, figures: CoordinatorFigures, cache: CacheStatistics, role: String, calls: Int, isDeaf: Bool
    ) -> Fields {
        let parts = node.text.split(separator: ":")
        let differing = figures.rules.filter { !$0.others.isEmpty }
        return [
            ("host", String(parts[0])), ("pid", String(parts[1])), ("role", role), ("epoch", "\(figures.epoch)"),
            ("limits_differing", "\(differing.count)"),
            ("limits_configured", differing.map { "\($0.own.name): \($0.own.words)" }.joined(separator: "; ")),
            ("limits_counting", differing.map { "\($0.own.name): \($0.agreed.words)" }.joined(separator: "; ")),
            ("calls", "\(calls)"), ("waiting", "\(figures.waiting)"), ("in_flight", "\(figures.inFlight)"),
            ("granted_total", "\(figures.granted)"), ("refused_total", "\(figures.refused)"),
            ("memory_hits", "\(cache.memoryHits)"), ("redis_hits", "\(cache.redisHits)"), ("misses", "\(cache.misses)"),
            ("fetches", "\(cache.fetches)"), ("collapsed", "\(cache.collapsed)"), ("stale_served", "\(cache.staleServed)"),
            ("refreshes", "\(cache.refreshes)"), ("fills_refused", "\(cache.fillsRefused)"), ("fills_failed", "\(cache.fillsFailed)"),
            ("redis_refuses_messages", isDeaf ? "1" : "0"), ("invalidations", "\(cache.invalidations)"),
            ("errors", "\(cache.errors)"), ("memory_entries", "\(cache.memoryEntries)"), ("memory_bytes", "\(cache.memoryBytes)"),
        ]
    }

    /// What the leader says of its lease and of the pool.
    static func leader(_ node: NodeID, figures: CoordinatorFigures, ledMilliseconds: Int64, lease: Int64, nodes: Int) -> Fields {
        let parts = node.text.split(separator: ":")
        return [
            ("node", node.text), ("host", String(parts[0])), ("pid", String(parts[1])), ("epoch", "\(figures.epoch)"),
            ("+since_ms", "\(-ledMilliseconds)"), ("lease_ms", "\(lease)"), ("elections", "\(figures.epoch)"), ("nodes", "\(nodes)"),
            ("waiting", "\(figures.poolWaiting)"), ("granted_total", "\(figures.leaderGranted)"),
            ("grants_total", "\(figures.leaderGrants)"),
        ]
    }

    /// One mirror, as the ledger and this node know it.
    static func mirror(_ mirror: Mirror, rules: CoordinatorFigures.Rules, state: InspectReply.Mirror) -> Fields {
        let status = state.status
        let closed = max(status.pausedFor, status.sealedFor)
        var fields: Fields = [
            ("url", mirror.url), ("limits", rules.agreed.limits.map(\.description).joined(separator: " ")),
            ("limits_announced", rules.others.isEmpty ? "" : ([rules.own] + rules.others).map(\.words).sorted().joined(separator: "; ")),
            ("in_use", "\(status.inUse)"),
            ("free", "\(status.free)"), ("next_release_ms", status.nextRelease.map { "\($0 / 1_000 + ($0 % 1_000 > 0 ? 1 : 0))" } ?? ""),
            ("granted_total", "\(state.counters.granted)"), ("settled_total", "\(state.counters.settled)"),
            ("unsent_total", "\(state.counters.unsent)"), ("expired_total", "\(state.counters.expired)"),
            ("throttled_total", "\(state.counters.throttled)"), ("effective_limit", "\(state.effectiveLimit)"),
            ("circuit", circuit(status)), ("latency_ms_p50", state.latency > 0 ? milliseconds(state.latency) : ""),
        ]
        fields.append(closed > 0 ? ("+penalised_until_ms", "\(closed / 1_000)") : ("penalised_until_ms", "0"))
        return fields
    }

    /// Whether slots go out freely, not at all, or one at a time.
    private static func circuit(_ status: MirrorStatus) -> String {
        status.pausedFor > 0 ? "open" : status.standing == .good ? "closed" : "probing"
    }

    private static func milliseconds(_ microseconds: Int64) -> String {
        let tenths = microseconds / 100 + (microseconds % 100 >= 50 ? 1 : 0)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
