import FoundationEssentials
import SluiceCache
import SluiceCoordination
import SluiceLoop

extension PoolCore {
    /// The figures of this moment.
    func metrics(nodes: Int) async -> MetricsReport {
        let figures = await coordinator.snapshot
        var report = MetricsReport(
            node: MetricsReport.node(
                node, figures: figures, cache: cache.statistics, role: figures.role, calls: underWay, isDeaf: news.messageRefusal != nil))
        if let since = figures.leadsSince {
            let led = Instant.now.microseconds(since: since) / 1_000
            report.leader = MetricsReport.leader(
                node, figures: figures, ledMilliseconds: led, lease: configuration.lease.microseconds / 1_000, nodes: nodes)
        }
        if figures.role != "follower", let state = try? await ledger.inspect() {
            let known =
                figures.rules.isEmpty ? rules.map { CoordinatorFigures.Rules(own: $0, agreed: $0, others: []) } : figures.rules
            report.mirrors = zip(zip(mirrors, known), state.mirrors).map { pair, state in
                (pair.0.name, MetricsReport.mirror(pair.0, rules: pair.1, state: state))
            }
        }
        return report
    }

    /// The same as a status, for a pool without Redis.
    func ownStatus() async -> PoolStatus {
        let report = await metrics(nodes: 1)
        // As Redis does it for a shared pool; for people's eyes, nothing is decided by it.
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        func fields(_ list: MetricsReport.Fields) -> [String: String] {
            Dictionary(
                list.map { field in
                    guard field.name.hasPrefix("+") else { return field }
                    return (String(field.name.dropFirst()), "\(now + (Int64(field.value) ?? 0))")
                }
            ) { first, _ in first }
        }
        return PoolStatus(
            pool: configuration.pool, leader: nil, mirrors: report.mirrors.map { ($0.name, fields($0.fields)) },
            nodes: [(node.text, fields(report.node))])
    }
}
