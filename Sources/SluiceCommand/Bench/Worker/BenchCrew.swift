import Glibc
import SluiceHarness

/// Processes of a benchmark that do a round of work at the same time.
final class BenchCrew: Sendable {
    private let children: [ChildProcess]
    private let milliseconds: Int

    /// Starts them one after the other, and returns when all are ready.
    init(program: String, _ workers: [BenchWorkerOptions]) async throws {
        var children: [ChildProcess] = []
        do {
            for worker in workers { children.append(try ChildProcess(program, [BenchWorker.name] + worker.words)) }
            for child in children { try await child.waitForOutput(containing: "ready") }
        } catch {
            for child in children { await child.kill() }
            throw error
        }
        self.children = children
        milliseconds = workers.map(\.milliseconds).max() ?? 0
    }

    /// What a server process said it serves at.
    var url: String {
        get throws {
            let words = children[0].standardOutput.split(separator: "\n").first?.split(separator: " ") ?? []
            guard words.count == 2 else { throw BenchError("\(children[0].command) did not say where it listens") }
            return String(words[1])
        }
    }

    /// The processes' ids, in the order of their options.
    var processes: [Int32] { children.map(\.processIdentifier) }

    /// Lets some of them do a round, all by default, and returns what they did together.
    func round(of indices: [Int]? = nil) async throws -> BenchTally {
        let chosen = indices.map { $0.map { children[$0] } } ?? children
        let before = chosen.map { tallies(of: $0).count }
        for child in chosen { child.signal(SIGUSR1) }
        try await Task.sleep(for: .milliseconds(milliseconds))
        let limit = ContinuousClock.now + .milliseconds(milliseconds) + .seconds(30)
        var sum = BenchTally()
        for (child, count) in zip(chosen, before) {
            while tallies(of: child).count == count {
                guard child.ending == nil, ContinuousClock.now < limit else {
                    throw BenchError("\(child.command) did not end its round. It said: \(child.standardError.suffix(500))")
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            guard let last = tallies(of: child).last, let tally = BenchTally(text: last) else {
                throw BenchError("\(child.command) wrote what nobody can read; this is a bug")
            }
            sum.add(tally)
        }
        return sum
    }

    /// What the processes of a soak said when they ended.
    func soakCalls() throws -> (answered: Int, failed: Int) {
        var calls = (answered: 0, failed: 0)
        for child in children {
            let numbers = child.standardOutput.split(separator: "\n").last { $0.hasPrefix("soak ") }?.split(separator: " ").compactMap {
                Int($0)
            }
            guard let numbers, numbers.count == 2 else {
                throw BenchError("\(child.command) did not end in order. It said: \(child.standardError.suffix(500))")
            }
            calls.answered += numbers[0]
            calls.failed += numbers[1]
        }
        return calls
    }

    /// Ends them and waits until they are gone.
    func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for child in children { group.addTask { await child.stop(grace: .seconds(5)) } }
        }
    }

    /// Whole lines only: the last one may still be written.
    private func tallies(of child: ChildProcess) -> [Substring] {
        child.standardOutput.split(separator: "\n", omittingEmptySubsequences: false).dropLast().filter { $0.hasPrefix("tally ") }
    }
}
