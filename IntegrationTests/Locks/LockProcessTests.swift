import Foundation
import SluiceHarness
import Testing

extension Integration {
    /// Locks between real processes, judged by a witness outside of all of them.
    struct LockProcessTests {
        private func play(
            _ size: Int, permits: Int = 1, _ options: [String], _ test: (LockCrew) async throws -> Void
        ) async throws {
            let crew = try await LockCrew(size, permits: permits, options)
            var failure: (any Error)?
            do { try await test(crew) } catch { failure = error }
            await crew.close()
            if let failure { throw failure }
        }

        @Test func `8 processes take a lock 1,000 times each while holders and waiters are killed and frozen, and never two are inside`()
            async throws
        {
            try await play(8, ["--lease-ms", "2000", "--hold-us", "200"]) { crew in
                let each = 1_000
                var frozen: Set<Int32> = []
                for _ in 0..<8 { try crew.hire(count: each) }
                for round in 1...3 {
                    try await crew.until("entry \(round * 1_500)") { crew.witness.record.total >= round * 1_500 }
                    try await crew.replace(try await crew.holder(), of: each)
                    try await crew.replace(try await crew.anybody(but: try await crew.holder()), of: each)
                    // Longer than its lease: others go on without it, then it wakes and is told.
                    let sleeper = try await crew.holder()
                    crew.freeze(sleeper)
                    let before = crew.witness.record.total
                    try await crew.until("others enter while a holder is frozen") { crew.witness.record.total > before + 20 }
                    let dozer = try await crew.anybody(but: try await crew.holder())
                    crew.freeze(dozer)
                    let then = crew.witness.record.total
                    try await crew.until("others enter while a waiter is frozen as well") { crew.witness.record.total > then + 20 }
                    for member in [sleeper, dozer] {
                        frozen.insert(member.processIdentifier)
                        crew.thaw(member)
                    }
                }
                let reports = try await crew.finish()
                let record = crew.witness.record
                print(
                    "witness: \(record.total) entries, at most \(record.most) inside, refused for an old token: \(record.fenced)", reports)
                #expect(record.overlaps.isEmpty)
                #expect(record.most == 1)
                #expect(record.total >= 8 * each)
                #expect(Set(record.fenced.keys).isSubset(of: frozen), "only who was frozen beyond its lease may come with an old token")
            }
        }

        @Test func `8 equal processes get their turns equally often`() async throws {
            // Turns so long that a process which the host lets wait for a processor does not miss its next: that is the host's unfairness.
            try await play(8, ["--lease-ms", "10000", "--hold-us", "25000"]) { crew in
                for _ in 0..<8 { try crew.hire(count: 100_000) }
                // Who does not hear messages yet is passed over.
                try await crew.until("everybody has been inside three times") {
                    crew.witness.record.entries.values.count { $0 >= 3 } == 8
                }
                let before = crew.witness.record
                try await crew.until("1,600 entries more") { crew.witness.record.total >= before.total + 1_600 }
                let entries = crew.witness.record.entries.merging(before.entries) { $0 - $1 }
                for member in crew.members { member.signal(SIGKILL) }
                _ = try await crew.finish()
                let (most, fewest) = (entries.values.max() ?? 0, entries.values.min() ?? 0)
                print("max/min over 8 processes: \(Double(most) / Double(fewest)), \(entries.values.sorted())")
                #expect(entries.count == 8)
                #expect(Double(most) <= 1.1 * Double(fewest))
                #expect(crew.witness.record.overlaps.isEmpty)
            }
        }

        @Test func `a holder that is killed is followed by the next within its lease`() async throws {
            try await play(2, ["--lease-ms", "12000", "--hold-us", "60000000"]) { crew in
                for _ in 0..<2 { try crew.hire(count: 1) }
                let holder = try await crew.holder()
                try await crew.until("the other waits") {
                    try await crew.redis.cli("ZCARD", "sluice:{default}:lock:lock:waiters") == "1"
                }
                crew.witness.excuse(holder.processIdentifier)
                let killed = ContinuousClock.now
                await holder.kill()
                try await crew.until("the next is inside") { crew.witness.record.total == 2 }
                let delay = crew.witness.record.lastEntry - killed
                print("the next holder was inside \(delay) after the kill; the lease is 12 s")
                // Another lease would be twelve seconds more.
                #expect(delay <= .seconds(22))
                for member in crew.members { member.signal(SIGKILL) }
            }
        }

        @Test func `a semaphore's permits are all there again after processes were killed while they took and gave back`() async throws {
            try await play(8, permits: 3, ["--lease-ms", "1000", "--hold-us", "500"]) { crew in
                for _ in 0..<8 { try crew.hire(count: 400) }
                for round in 1...5 {
                    try await crew.until("entry \(round * 400)") { crew.witness.record.total >= round * 400 }
                    try await crew.replace(try await crew.anybody(), of: 400)
                }
                _ = try await crew.finish()
                // What the killed ones held lapses: three come in at once, and not one more.
                for _ in 0..<4 { try crew.hire(count: 1, "--hold-us", "60000000") }
                try await crew.until("three are inside, and the fourth waits") {
                    let waiting = try await crew.redis.cli("ZCARD", "sluice:{default}:semaphore:lock:waiters")
                    return crew.witness.record.inside.count == 3 && waiting == "1"
                }
                #expect(crew.witness.record.overlaps.isEmpty)
                #expect(crew.witness.record.most == 3)
            }
        }
    }
}
