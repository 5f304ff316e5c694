/// When slots come free, in order: those of the same moment are one entry, so that a limit of millions costs no more than one of a few.
struct ReleaseQueue: Sendable {
    private var runs: [(at: Int64, count: Int)]
    /// Those before it are over.
    private var first = 0
    /// How many slots are still to come free.
    private(set) var count: Int

    /// - Parameter releases: in any order.
    init(_ releases: [(at: Int64, count: Int)]) {
        runs = releases.filter { $0.count > 0 }.sorted { $0.at < $1.at }
        count = runs.reduce(0) { $0 + $1.count }
    }

    /// One more; with the last, where it would come before it.
    mutating func append(_ release: Int64) {
        count += 1
        let at = max(release, runs.last?.at ?? release)
        if first < runs.count, runs[runs.count - 1].at == at {
            runs[runs.count - 1].count += 1
        } else {
            runs.append((at, 1))
        }
    }

    /// When so many more than one of them have come free; `surplus` is less than ``count``.
    func release(after surplus: Int) -> Int64 {
        var passed = 0
        for run in runs[first...] {
            passed += run.count
            if passed > surplus { return run.at }
        }
        return runs.last?.at ?? 0
    }

    /// What is free at `time` is over.
    mutating func drop(through time: Int64) {
        while first < runs.count, runs[first].at <= time {
            count -= runs[first].count
            first += 1
        }
    }
}
