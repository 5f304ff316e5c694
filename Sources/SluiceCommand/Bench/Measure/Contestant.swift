/// One of those that take turns in every round of a benchmark.
struct Contestant: Sendable {
    /// For messages.
    var name: String
    /// Does the work once and says what it measured, by the figures' keys.
    var run: @Sendable () async throws -> [String: Double]

    /// Lets all take turns, so that a busy host slows all of them, and returns what each figure was in each round.
    ///
    /// One more round goes before, of which nothing is kept: connections, caches and counters get warm in it.
    /// - Throws: what a contestant throws; `BenchError` when one measures something in one round and not in another.
    static func takeTurns(_ contestants: [Contestant], rounds: Int, progress: ProgressBar) async throws -> [String: Samples] {
        defer { progress.clear() }
        var values: [String: [Double]] = [:]
        let total = contestants.count * (rounds + 1)
        for round in 0...rounds {
            for (index, contestant) in contestants.enumerated() {
                progress.show(round * contestants.count + index, of: total)
                try Task.checkCancellation()
                let measured = try await contestant.run()
                guard round > 0 else { continue }
                for (key, value) in measured { values[key, default: []].append(value) }
            }
        }
        return try values.mapValues { list in
            guard list.count == rounds else {
                throw BenchError("a figure was measured in \(list.count) of \(rounds) rounds; this is a bug")
            }
            return Samples(list)
        }
    }
}
