import Sluice

/// What this process counts, in Prometheus' text format 0.0.4.
enum MetricsText {
    /// Every family with HELP and TYPE; the samples with the labels `pool` and `node`.
    /// - Parameter mirrors: what the pool knows of its mirrors, the fields of `metrics:mirror:NAME`. They stand in Redis, where anybody may have
    ///   written anything: what is no number, not finite, or counts below zero is left out.
    static func of(
        pool: String, node: String, _ statistics: PoolStatistics, _ tally: GatewayTally, mirrors: [PoolStatus.Entry] = []
    ) -> String {
        let labels = "pool=\"\(escaped(pool))\",node=\"\(escaped(node))\""
        var text = ""
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples { text += "\(name){\(labels)\(sample.labels)} \(sample.value)\n" }
        }
        func counter(_ name: String, _ value: UInt64, _ help: String) { family(name, "counter", help, [("", "\(value)")]) }
        func gauge(_ name: String, _ value: Int, _ help: String) { family(name, "gauge", help, [("", "\(value)")]) }
        counter("sluice_memory_hits_total", statistics.memoryHits, "Calls answered from this process's memory.")
        counter("sluice_redis_hits_total", statistics.redisHits, "Calls answered from Redis.")
        counter("sluice_misses_total", statistics.misses, "Calls for which a mirror was asked.")
        counter("sluice_collapsed_total", statistics.collapsed, "Calls that shared the request of another call or process.")
        counter("sluice_stale_served_total", statistics.staleServed, "Calls answered with something past its freshness.")
        counter("sluice_refreshes_total", statistics.refreshes, "Answers fetched with spare slots, before their end or after.")
        counter("sluice_fills_failed_total", statistics.fillsFailed, "Answers that Redis could not store: full, read-only, out of reach.")
        gauge(
            "sluice_redis_refuses_writes", statistics.redisRefusesWrites ? 1 : 0,
            "1 while Redis takes no writes (a replica, say), so that nothing can be fetched.")
        gauge(
            "sluice_redis_refuses_messages", statistics.redisRefusesMessages ? 1 : 0,
            "1 while Redis sends this process no messages (its user lacks a right, say): memory is compared with Redis before each use.")
        counter("sluice_invalidations_total", statistics.invalidations, "Records that were written or deleted in Redis, by whomever.")
        counter("sluice_errors_total", statistics.errors, "Calls that ended in an error.")
        gauge("sluice_memory_entries", statistics.memoryEntries, "Answers in this process's memory.")
        gauge("sluice_memory_bytes", statistics.memoryBytes, "Bytes that these answers take.")
        family(
            "sluice_gateway_responses_total", "counter", "Answers of this gateway to its clients, by status.",
            tally.answers.enumerated().filter { $0.element > 0 }.map { (",code=\"\($0.offset)\"", "\($0.element)") })
        gauge("sluice_gateway_requests_in_flight", tally.inFlight, "Requests that wait for their answer.")
        for (name, type, help, field, scale) in mirrorFamilies {
            let samples = mirrors.compactMap { mirror in
                mirror.fields[field].flatMap(Double.init).flatMap { number($0 * scale, isCount: type == "counter") }
                    .map { (",mirror=\"\(escaped(mirror.name))\"", $0) }
            }
            if !samples.isEmpty { family(name, type, help, samples) }
        }
        let circuits = mirrors.filter { $0.fields["circuit"] != nil }
        if !circuits.isEmpty {
            family(
                "sluice_mirror_circuit", "gauge", "1 for the state that the mirror's circuit is in, for the whole pool.",
                circuits.flatMap { mirror in
                    circuitStates.map { state in
                        (",mirror=\"\(escaped(mirror.name))\",state=\"\(state)\"", mirror.fields["circuit"] == state ? "1" : "0")
                    }
                })
        }
        return text + times("sluice_gateway_response_seconds", labels, tally)
    }

    /// Family, type, help, the field of a mirror's metrics, and what one of it is in the family's unit.
    private static let mirrorFamilies: [(String, String, String, String, Double)] = [
        ("sluice_mirror_slots_in_use", "gauge", "Slots in use at the mirror under its tightest limit.", "in_use", 1),
        ("sluice_mirror_slots_free", "gauge", "Slots that are free at the mirror.", "free", 1),
        ("sluice_mirror_effective_limit", "gauge", "What the mirror's first limit is held to.", "effective_limit", 1),
        (
            "sluice_mirror_penalised_until_timestamp_seconds", "gauge", "Until when the pool leaves the mirror alone; 0: it does not.",
            "penalised_until_ms", 0.001
        ),
        ("sluice_mirror_granted_total", "counter", "Slots granted at the mirror, to the whole pool.", "granted_total", 1),
        ("sluice_mirror_throttled_total", "counter", "Requests that the mirror refused, of the whole pool.", "throttled_total", 1),
        ("sluice_mirror_latency_median_seconds", "gauge", "Half of the mirror's answers take longer.", "latency_ms_p50", 0.001),
    ]

    private static let circuitStates = ["closed", "open", "probing"]

    /// A sample's value, without a fraction where it has none; nil where there can be no such sample.
    private static func number(_ value: Double, isCount: Bool) -> String? {
        guard value.isFinite, value >= 0 || !isCount else { return nil }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func times(_ name: String, _ labels: String, _ tally: GatewayTally) -> String {
        var text = "# HELP \(name) Time from a request's complete head to its answer.\n# TYPE \(name) histogram\n"
        var count: UInt64 = 0
        for (index, entries) in tally.classes.enumerated() {
            count += entries
            let bound = index < GatewayTally.bounds.count ? seconds(GatewayTally.bounds[index]) : "+Inf"
            text += "\(name)_bucket{\(labels),le=\"\(bound)\"} \(count)\n"
        }
        return text + "\(name)_sum{\(labels)} \(seconds(tally.total))\n\(name)_count{\(labels)} \(count)\n"
    }

    /// Microseconds as seconds.
    private static func seconds(_ microseconds: Int64) -> String { "\(Double(microseconds) / 1_000_000)" }

    /// A label's value: backslashes, quotes and line feeds escaped.
    private static func escaped(_ value: String) -> String {
        var result = ""
        // Not by characters: a line feed behind a carriage return is part of one, and so is a quote with an accent.
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
