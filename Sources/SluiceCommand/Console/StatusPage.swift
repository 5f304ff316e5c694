import Sluice

/// A pool's status as a page for people. What it is made of stands in Redis, where anybody may have written anything: a number may be any.
struct StatusPage: Sendable {
    /// The page, without a line end after its last line.
    let text: String

    /// - Parameters:
    ///   - place: the pool and its Redis, for the first line.
    ///   - now: milliseconds since 1970.
    init(_ status: PoolStatus, place: String, now: Int64) {
        var lines = ["pool \(place)", Self.leader(status.leader, now: now)]
        if status.mirrors.isEmpty {
            lines += ["", Self.noMirrors(isAlone: status.nodes.isEmpty)]
        } else {
            lines += [""] + Self.mirrors(status.mirrors, now: now)
        }
        lines += Self.differences(status)
        if !status.nodes.isEmpty { lines += [""] + Self.nodes(status.nodes, leader: status.leader?["node"]) }
        text = lines.joined(separator: "\n")
    }

    /// Why there is no table of mirrors. That nobody uses the pool is not known: a one-shot command is gone before it reports.
    private static func noMirrors(isAlone: Bool) -> String {
        isAlone
            ? "No mirror is reported: no long-lived process of this pool (a service, sluice serve) reports to this Redis right now. One-shot "
                + "commands do not report."
            : "No mirror is reported right now: the process that leads the pool does that."
    }

    private typealias Fields = [String: String]

    private static func leader(_ fields: Fields?, now: Int64) -> String {
        guard let fields else { return "leader: none" }
        func field(_ name: String) -> String { fields[name] ?? "?" }
        let since = fields["since_ms"].flatMap { Int64($0) }.map { " for \(PoolWords.time(.milliseconds(now) - .milliseconds($0)))" } ?? ""
        return
            "leader: \(field("node"))\(since), epoch \(field("epoch")); \(PoolWords.counted(field("nodes"), "node")), \(field("waiting")) waiting, "
            + "\(PoolWords.counted(field("granted_total"), "slot")) granted in \(PoolWords.counted(field("grants_total"), "grant"))"
    }

    private static func mirrors(_ mirrors: [PoolStatus.Entry], now: Int64) -> [String] {
        var table = TextTable([
            ("MIRROR", .left), ("LIMITS", .left), ("IN USE", .right), ("FREE", .right), ("NEXT", .right), ("GRANTED", .right),
            ("UNSENT", .right), ("EXPIRED", .right), ("THROTTLED", .right), ("P50", .right), ("STATE", .left), ("URL", .left),
        ])
        for (name, fields) in mirrors {
            func field(_ name: String) -> String { fields[name].flatMap { $0.isEmpty ? nil : $0 } ?? "-" }
            let next = fields["next_release_ms"].flatMap { Int64($0) }.map { $0 == 0 ? "now" : PoolWords.time(.milliseconds($0)) } ?? "-"
            table.add([
                name, field("limits"), field("in_use"), field("free"), next, field("granted_total"), field("unsent_total"),
                field("expired_total"), field("throttled_total"), fields["latency_ms_p50"].flatMap { $0.isEmpty ? nil : "\($0) ms" } ?? "-",
                state(fields, now: now), field("url"),
            ])
        }
        return table.lines
    }

    /// Who is configured differently, and what counts.
    private static func differences(_ status: PoolStatus) -> [String] {
        let mirrors = status.mirrors.compactMap { name, fields in
            fields["limits_announced"].flatMap {
                $0.isEmpty ? nil : "mirror \(name) is configured differently: \($0); the strictest counts"
            }
        }
        let nodes = status.nodes.filter { $0.fields["limits_differing"] ?? "0" != "0" }.map { name, fields in
            "\(name) is configured with \(fields["limits_configured"] ?? "?"); what counts is \(fields["limits_counting"] ?? "?")"
        }
        let lines = mirrors + nodes
        return lines.isEmpty ? [] : [""] + lines
    }

    /// What keeps a mirror from working as usual, and to what it is held if not to its limit; or `ok`.
    private static func state(_ fields: Fields, now: Int64) -> String {
        let until = fields["penalised_until_ms"].flatMap { Int64($0) } ?? 0
        let paused = until > now ? " for \(PoolWords.time(.milliseconds(until) - .milliseconds(now)))" : ""
        var parts: [String] = []
        if let circuit = fields["circuit"], circuit != "closed" {
            parts.append("circuit \(circuit)\(paused)")
        } else if !paused.isEmpty {
            parts.append("paused\(paused)")
        }
        let limit = fields["limits"].flatMap { Int64($0.prefix { $0 != "/" }) } ?? 0
        if let held = fields["effective_limit"].flatMap({ Int64($0) }), held > 0, held < limit { parts.append("held to \(held)") }
        return parts.isEmpty ? "ok" : parts.joined(separator: ", ")
    }

    private static func nodes(_ nodes: [PoolStatus.Entry], leader: String?) -> [String] {
        var table = TextTable([
            ("NODE", .left), ("ROLE", .left), ("WAITING", .right), ("IN FLIGHT", .right), ("GRANTED", .right), ("MEMORY HITS", .right),
            ("REDIS HITS", .right), ("MISSES", .right), ("SHARED", .right), ("STALE", .right), ("ERRORS", .right), ("MEMORY", .right),
        ])
        for (name, fields) in nodes.filter({ $0.name == leader }) + nodes.filter({ $0.name != leader }) {
            func field(_ name: String) -> String { fields[name].flatMap { $0.isEmpty ? nil : $0 } ?? "-" }
            table.add([
                name, field("role"), field("waiting"), field("in_flight"), field("granted_total"), field("memory_hits"),
                field("redis_hits"), field("misses"), field("collapsed"), field("stale_served"), field("errors"),
                fields["memory_bytes"].flatMap { Int($0) }.map(PoolWords.bytes) ?? "-",
            ])
        }
        return table.lines
    }
}
