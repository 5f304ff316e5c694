import Foundation
import SluiceHarness

/// One worker's place in a crew: the process that fills it now, and what it and its predecessors wrote.
final class CrewMember {
    let options: WorkerOptions
    private(set) var child: ChildProcess
    /// How many signals to go the present process was sent.
    private(set) var goes = 0
    /// How many times the place was filled anew.
    private(set) var replacements = 0
    private(set) var isReady = false
    /// The signals to go that the present process is through with.
    private(set) var finished = 0
    /// For each caller, how many calls of the first signal to go are done, by whichever process.
    private var done: [Int]
    private var read = 0
    private let command: [String]

    /// - Parameter launcher: the words before the command, such as `ip netns exec host`, which must become it.
    init(program: String, options: WorkerOptions, launcher: [String] = []) throws {
        command = launcher + [program, DemoWorker.name]
        self.options = options
        done = Array(repeating: 0, count: options.callers)
        child = try ChildProcess(command[0], command.dropFirst() + options.arguments)
    }

    /// The whole lines that were written since the last time.
    func news() -> [WorkerLine] {
        let text = child.standardOutput.utf8
        let fresh = text.dropFirst(read)
        guard let end = fresh.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let whole = fresh[...end]
        read += whole.count
        let lines = Substring(whole).split(separator: "\n").compactMap { WorkerLine($0) }
        for line in lines {
            switch line {
            case .ready: isReady = true
            case .call(let call): advance(call.go, call.caller, call.index)
            case .failed(let go, let caller, let index, _): advance(go, caller, index)
            case .done: finished += 1
            }
        }
        return lines
    }

    private func advance(_ go: Int, _ caller: Int, _ index: Int) {
        guard go == 1, caller < done.count else { return }
        done[caller] = max(done[caller], index + 1)
    }

    /// Sends the callers through their calls.
    func go() {
        goes += 1
        child.signal(SIGUSR1)
    }

    /// Fills the place with a new process, which does what the old one had not done. The old one must be gone, its news read.
    func replace() throws {
        var options = options
        options.done = done
        child = try ChildProcess(command[0], command.dropFirst() + options.arguments)
        replacements += 1
        read = 0
        isReady = false
        finished = 0
        goes = 0
    }
}
