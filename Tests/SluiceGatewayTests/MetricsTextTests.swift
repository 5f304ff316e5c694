import SluiceRandom
import Testing

@testable import Sluice
@testable import SluiceGateway

/// The text of the metrics, where Redis holds what no pool has written.
struct MetricsTextTests {
    /// Fields of a mirror's hash that are read as numbers.
    private static let fields = [
        "in_use", "free", "effective_limit", "penalised_until_ms", "granted_total", "throttled_total", "latency_ms_p50",
    ]

    private static func text(_ fields: [String: String]) throws -> PrometheusText { try PrometheusText(written(fields)) }

    private static func written(_ fields: [String: String], name: String = "m1") -> String {
        let statistics = PoolStatistics(
            memoryHits: 0, redisHits: 0, misses: 0, collapsed: 0, staleServed: 0, refreshes: 0, fillsFailed: 0, redisRefusesWrites: false,
            invalidations: 0, errors: 0, memoryEntries: 0, memoryBytes: 0)
        return MetricsText.of(pool: "p", node: "n", statistics, GatewayTally(), mirrors: [(name, fields)])
    }

    @Test(
        arguments: fields,
        [
            "1e300", "-1e300", "1e999", "inf", "-inf", "infinity", "nan", "-nan", "nan(0x7)", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e18", "1e19", "0x1p1023", "1e-320", "-0", "-1", "0.5",
            "",
            " ", "-", "+1", "1,5", "x", "1\n2", "٣", String(repeating: "9", count: 400),
        ])
    func `a number in Redis may be any, and the metrics stay well formed`(field: String, value: String) throws {
        let text = try Self.text([field: value])
        #expect(text.families.values.allSatisfy { $0.samples.values.allSatisfy { $0.isFinite } })
        #expect(text.value("sluice_misses_total") == 0)
    }

    @Test(arguments: 0..<5)
    func `numbers of any characters never end the process`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let values = Self.fields.map { field in
                (
                    field,
                    String(
                        (0...Int.random(in: 0...24, using: &random)).map { _ in "0123456789999-+.eEinfa".randomElement(using: &random)! })
                )
            }
            let text = try Self.text(Dictionary(uniqueKeysWithValues: values))
            #expect(text.families.values.allSatisfy { $0.samples.values.allSatisfy { $0.isFinite } })
        }
    }

    @Test func `numbers keep their values, whole ones without a fraction`() throws {
        let text = try Self.text([
            "in_use": "1e300", "free": "-3", "effective_limit": "30", "penalised_until_ms": "1500", "granted_total": "9007199254740993",
            "throttled_total": "-3", "latency_ms_p50": "nan",
        ])
        #expect(text.value("sluice_mirror_slots_in_use") == 1e300 && text.value("sluice_mirror_slots_free") == -3)
        #expect(text.value("sluice_mirror_effective_limit") == 30)
        #expect(text.value("sluice_mirror_penalised_until_timestamp_seconds") == 1.5)
        #expect(text.value("sluice_mirror_granted_total") == 9_007_199_254_740_992)
        #expect(text.families["sluice_mirror_throttled_total"] == nil, "nothing counts below zero")
        #expect(text.families["sluice_mirror_latency_median_seconds"] == nil, "not a number is no sample")
    }

    @Test(arguments: [
        ("a\"b", #"a\"b"#), ("a\\", #"a\\"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"), ("\"\u{301}", "\\\"\u{301}"),
        ("\\\u{20D7}", "\\\\\u{20D7}"), ("\n\u{FE0F}", "\\n\u{FE0F}"),
    ])
    func `a mirror's name in Redis may be any, and is one label`(name: String, label: String) {
        let text = Self.written(["free": "3"], name: name)
        let sample = "sluice_mirror_slots_free{pool=\"p\",node=\"n\",mirror=\"\(label)\"} 3"
        // By bytes, as Prometheus reads it.
        #expect(text.utf8.split(separator: UInt8(ascii: "\n")).contains { $0.elementsEqual(sample.utf8) }, "\(text)")
    }
}
