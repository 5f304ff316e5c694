package import SluiceLoop

/// What workers have written so far about their calls, as a pure value.
package struct CallTally: Sendable {
    /// One call of one worker: which signal to go, which caller, which of its calls.
    private struct Place: Hashable {
        let worker: Int
        let go: Int
        let caller: Int
        let index: Int
    }

    private var answered: Set<Place> = []
    /// Calls that were answered, each counted once.
    package private(set) var calls = 0
    /// Calls that were reported twice: none, unless a worker was restarted wrongly.
    package private(set) var repeated = 0
    /// Answers whose body was not what the mirrors hold.
    package private(set) var wrong = 0
    /// The sentences of calls that ended in an error.
    package private(set) var failures: [String] = []
    /// Answers by where they came from.
    package private(set) var sources: [WorkerLine.Source: Int] = [:]
    /// When the last answer came.
    package private(set) var lastAnswer: Instant?
    /// When answers came that a worker had a slot for, by worker.
    package private(set) var fetched: [Int: [Instant]] = [:]
    /// The lengths of bodies that occurred, with how often.
    package private(set) var lengths: [Int: Int] = [:]

    package init() {}

    /// One worker wrote a line.
    package mutating func note(_ line: WorkerLine, of worker: Int) {
        switch line {
        case .call(let call):
            guard answered.insert(Place(worker: worker, go: call.go, caller: call.caller, index: call.index)).inserted else {
                repeated += 1
                return
            }
            calls += 1
            if !call.isRight { wrong += 1 }
            sources[call.source, default: 0] += 1
            if call.source == .mirror { fetched[worker, default: []].append(call.at) }
            lengths[call.bytes, default: 0] += 1
            lastAnswer = max(lastAnswer ?? call.at, call.at)
        case .failed(_, _, _, let message): failures.append(message)
        case .ready, .done: break
        }
    }
}
