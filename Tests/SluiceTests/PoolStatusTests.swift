import Foundation
import SluiceCoordination
import Testing

@testable import Sluice

/// A pool's status, where Redis holds what no pool has written, and where a pool writes what nobody expects.
@Suite struct PoolStatusTests {
    @Test(arguments: [
        "0", "-0", "12", "-12", "1.5", "9223372036854775808", "1e300", "inf", "nan", "-", "-.", "1.", ".1", "01", "1.2.3", "+1", "٣",
        "\"\\\n",
        "1\u{301}", String(repeating: "9", count: 400), "-" + String(repeating: "9", count: 400) + ".5",
    ])
    func `whatever a field holds, the JSON can be read, and numbers are finite`(value: String) throws {
        let entry: PoolStatus.Entry = (value, ["field": value, value: "1"])
        let status = PoolStatus(pool: "p", leader: entry.fields, mirrors: [entry], nodes: [entry])
        let json = try #require(try JSONSerialization.jsonObject(with: Data(status.json.utf8)) as? [String: Any])
        for object in [json["leader"], (json["mirrors"] as? [String: Any])?[value], (json["nodes"] as? [String: Any])?[value]] {
            let field = try #require((object as? [String: Any])?["field"])
            if let number = field as? Double {
                #expect(number.isFinite && number == Double(value))
            } else {
                #expect(field as? String == value)
            }
        }
    }

    @Test(arguments: [
        "node", "host", "role", "url", "circuit", "limits", "limits_announced", "limits_configured", "limits_counting",
    ])
    func `a text is a text, though it looks like a number`(field: String) throws {
        let entry: PoolStatus.Entry = ("n", [field: "10.50", "epoch": "10.5"])
        let status = PoolStatus(pool: "123456789012", leader: entry.fields, mirrors: [entry], nodes: [entry])
        let json = try #require(try JSONSerialization.jsonObject(with: Data(status.json.utf8)) as? [String: Any])
        #expect(json["pool"] as? String == "123456789012")
        for object in [json["leader"], (json["mirrors"] as? [String: Any])?["n"], (json["nodes"] as? [String: Any])?["n"]] {
            let fields = try #require(object as? [String: Any])
            #expect(fields[field] as? String == "10.50")
            #expect(fields["epoch"] as? Double == 10.5)
        }
    }

    @Test(arguments: [0, 1, 999, 1_000, 1_001, -1, .max, .min] as [Int64])
    func `a ledger's figures may be any number`(figure: Int64) throws {
        let rules = try MirrorRules(name: "a", limits: [RateLimit("30/60s")])
        let state = InspectReply.Mirror(
            status: MirrorStatus(free: figure, inUse: figure, nextRelease: figure, pausedFor: figure, sealedFor: figure, held: figure),
            counters: MirrorCounters(), used: [figure], effectiveLimit: figure, latency: figure)
        let fields = MetricsReport.mirror(
            Mirror(name: "a", url: "http://a", headers: [:]), rules: .init(own: rules, agreed: rules, others: []), state: state)
        let values = Dictionary(uniqueKeysWithValues: fields)
        #expect(values["in_use"] == "\(figure)")
        let next = try #require(values["next_release_ms"].flatMap { Int64($0) })
        // Rounded up: earlier would be in vain.
        #expect(next >= figure / 1_000 && next - figure / 1_000 <= 1 && (figure % 1_000 <= 0 || next > figure / 1_000))
        #expect(values["latency_ms_p50"]?.isEmpty == (figure <= 0))
    }
}
