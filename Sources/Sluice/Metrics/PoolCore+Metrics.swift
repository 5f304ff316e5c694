import SluiceCache
import SluiceCoordination
import SluiceLoop

extension PoolCore {
    /// The figures of this moment.
    func metrics(nodes: Int) async -> MetricsReport {
        let figures = await coordinator.snapshot
        var report = MetricsReport(
            node: MetricsReport.node(node, figures: figures, cache: cache.statistics, role: figures.role, calls: underWay))
        if let since = figures.leadsSince {
            let led = Instant.now.microseconds(since: since) / 1_000
            report.leader = MetricsReport.leader(
                node, figures: figures, ledMilliseconds: led, lease: configuration.lease.microseconds / 1_000, nodes: nodes)
        }
        if figures.role != "follower", let state = try? await ledger.inspect() {
            report.mirrors = zip(zip(mirrors, rules), state.mirrors).map { pair, state in
                (pair.0.name, MetricsReport.mirror(pair.0, rules: pair.1, state: state))
            }
        }
        return report
    }

    /// The same as a status, for a pool without Redis.
    func ownStatus() async -> PoolStatus {
        let report = await metrics(nodes: 1)
        func fields(_ list: MetricsReport.Fields) -> [String: String] {
            // What is relative to now needs no clock where nobody else reads it.
            Dictionary(list.map { ($0.name.hasPrefix("+") ? String($0.name.dropFirst()) : $0.name, $0.value) }) { first, _ in first }
        }
        return PoolStatus(
            pool: configuration.pool, leader: nil, mirrors: report.mirrors.map { ($0.name, fields($0.fields)) },
            nodes: [(node.text, fields(report.node))])
    }
}
