import Foundation
import Testing

extension Integration {
    /// G4 on real processes: random reads, fills, purges and losses, and a checker who knows what nobody may serve any more.
    struct RandomCoherenceTests {
        /// What `SLUICE_COHERENCE_SEEDS` says (numbers, with spaces between), else one that was never tried, and one that always is. A seed
        /// repeats everybody's choices, though not the order in which processes come to make them.
        static let seeds: [UInt64] = {
            let wanted = (ProcessInfo.processInfo.environment["SLUICE_COHERENCE_SEEDS"] ?? "").split(separator: " ").compactMap {
                UInt64($0)
            }
            return wanted.isEmpty ? [UInt64.random(in: 1...1_000_000), 1] : wanted
        }()

        @Test(arguments: seeds)
        func `nobody serves what was invalidated before he was asked, nor trusts what he could not hear of`(seed: UInt64) async throws {
            let outcome = try await CoherenceRun(seed: seed).play()
            summarise(outcome, seed)
            #expect(outcome.complaints.isEmpty, "seed \(seed): \(outcome.complaints.prefix(5))")
            #expect(outcome.reads.count > 1_000 && outcome.purged > 10 && outcome.refreshes > 0)
            #expect(outcome.reads.filter(\.isLast).count == 6 * 12)
            for source in ["memory", "confirmed", "redis", "mirror"] { #expect(outcome.reads.contains { $0.source == source }) }
        }

        /// The checker is no better than what it finds.
        @Test(arguments: ["deaf", "trusting"])
        func `the checker sees it when processes do not listen to invalidations, or trust what they hold after a loss`(fault: String)
            async throws
        {
            var run = CoherenceRun(seed: 7)
            run.fault = fault
            // What nobody can miss who goes without that defence.
            run.kinds = [fault == "deaf" ? .delete : .deleteUnheard]
            run.span = .seconds(5)
            let outcome = try await run.play()
            print(
                "coherence without a defence (\(fault)): \(outcome.complaints.count) of \(outcome.reads.count) reads were wrong, as they should be"
            )
            #expect(!outcome.complaints.isEmpty)
        }

        private func summarise(_ outcome: CoherenceRun.Outcome, _ seed: UInt64) {
            let sources = Dictionary(grouping: outcome.reads, by: \.source).mapValues(\.count).sorted { $0.key < $1.key }
            print(
                "coherence, seed \(seed): 6 processes, \(outcome.reads.count) reads (",
                sources.map { "\($0.value) from \($0.key)" }.joined(separator: ", "),
                "), \(outcome.reads.count { $0.isStale }) marked stale,",
                "\(outcome.failed) failed, \(outcome.purged) purges, \(outcome.refreshes) refreshes,",
                "\(outcome.requests) requests, \(outcome.confirmed) of them confirmed by 304;",
                outcome.interferences.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", "),
                "— \(outcome.complaints.count) wrong")
        }
    }
}
