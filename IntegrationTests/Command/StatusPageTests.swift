import SluiceLoop
import SluiceRandom
import Testing

@testable import Sluice
@testable import SluiceCommand

/// What `sluice status` shows, where Redis holds what no pool has written.
@Suite struct StatusPageTests {
    private static let now: Int64 = 1_795_223_546_000

    @Test func `without a report it is told what is known, and not that nobody uses the pool`() {
        func page(_ nodes: [PoolStatus.Entry]) -> String {
            StatusPage(PoolStatus(pool: "p", leader: nil, mirrors: [], nodes: nodes), place: "p", now: Self.now).text
        }
        #expect(page([]).hasSuffix("(a service, sluice serve) reports to this Redis right now. One-shot commands do not report."))
        #expect(page([("n1", [:])]).contains("No mirror is reported right now: the process that leads the pool does that.\n\nNODE"))
        #expect(!page([]).contains("nobody"))
    }

    private static func page(leader: [String: String]? = nil, mirror: [String: String] = [:], node: [String: String] = [:]) -> String {
        let status = PoolStatus(pool: "p", leader: leader, mirrors: [("m1", mirror)], nodes: [("n1", node)])
        return StatusPage(status, place: "p at redis://h", now: now).text
    }

    /// Fields that are read as numbers, of the leader, of a mirror and of a node.
    private static let fields = ["since_ms", "next_release_ms", "penalised_until_ms", "limits", "effective_limit", "memory_bytes"]

    @Test(
        arguments: fields,
        [
            "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "1e300", "inf", "nan", "-1", "0",
            "1",
            "1099511627775", "", "x", "1/", "9223372036854775807/60s", "-9223372036854775808/60s",
        ])
    func `a number in Redis may be any, and the page is shown`(field: String, value: String) {
        let lines = Self.page(leader: [field: value], mirror: [field: value], node: [field: value]).split(separator: "\n")
        #expect(lines.first == "pool p at redis://h" && lines.contains { $0.hasPrefix("m1 ") } && lines.contains { $0.hasPrefix("n1 ") })
    }

    @Test(arguments: 0..<5)
    func `numbers of any digits never end the process`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let values = Self.fields.map { field in
                (field, String((0...Int.random(in: 0...20, using: &random)).map { _ in "0123456789999-".randomElement(using: &random)! }))
            }
            let hash = Dictionary(uniqueKeysWithValues: values)
            #expect(Self.page(leader: hash, mirror: hash, node: hash).hasPrefix("pool p at redis://h\n"))
        }
    }

    @Test func `spans and sizes are told as they are`() {
        let page = Self.page(
            leader: ["since_ms": "\(Self.now - 12_000)"], mirror: ["penalised_until_ms": "\(Self.now + 90_000)", "circuit": "open"],
            node: ["memory_bytes": "1468007"])
        #expect(page.contains(" for 12 s, epoch") && page.contains("circuit open for 1 min 30 s") && page.contains("1.4 MiB"), "\(page)")
        #expect(PoolWords.bytes(.max) == "8589934591.9 GiB" && PoolWords.bytes(1_023) == "1023 B" && PoolWords.bytes(1_536) == "1.5 KiB")
        #expect(PoolWords.bytes(.min) == "\(Int.min) B" && PoolWords.bytes(1_048_575) == "1023.9 KiB")
    }
}
