import SluiceCommand
import SluiceLoop
import Testing

extension Faults {
    /// One mirror goes wrong; the pool goes on with the other, and exceeds nothing at either.
    struct MirrorFaultTests {
        @Test(arguments: ["hang-up", "hang", "garbage", "cut-off", "slow-body", "hang-up:3"])
        func `a mirror that answers badly costs nobody an answer`(kind: String) async throws {
            try await play("mirror misbehaves: \(kind)", ["--misbehave", kind])
        }

        @Test(arguments: [[], ["--retry-after", "999999999s"]])
        func `a mirror that refuses although it was not asked too often is left alone`(retryAfter: [String]) async throws {
            let said = retryAfter.isEmpty ? "without Retry-After" : "with Retry-After: 999999999"
            try await play("mirror misbehaves: 429 \(said)", ["--misbehave", "refuse"] + retryAfter)
        }

        private func play(_ fault: String, _ misbehaviour: [String]) async throws {
            var run = FaultRun(fault)
            run.posts = 80
            // Each process finds out for itself, with several requests under way at once; and each circuit is tried again.
            run.repeats = 80
            run.mirrors = [misbehaviour]
            run.judged = 1..<2
            try await run.play { _, _ in }
        }
    }
}
