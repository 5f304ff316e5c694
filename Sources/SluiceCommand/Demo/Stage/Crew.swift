import Foundation
package import SluiceHarness
package import SluiceLoop

/// The worker processes of a demo or a test, and what they have done so far.
package actor Crew {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private nonisolated let loop: EventLoop
    private var members: [CrewMember] = []
    private var wantedGoes = 0
    /// The process ids of all workers that there ever were.
    package private(set) var everybody: [Int32] = []
    /// What they wrote, up to the last `look()`.
    package private(set) var tally = CallTally()
    /// When the first signal to go was sent.
    package private(set) var wentAt: Instant?

    /// Starts a process for each of the options.
    /// - Parameter launcher: the words before a worker's command, by its index.
    package init(on stage: Stage, _ workers: [WorkerOptions], launcher: @Sendable (Int) -> [String] = { _ in [] }) async throws {
        loop = stage.loop
        for (index, options) in workers.enumerated() {
            let member = try CrewMember(program: stage.program, options: options, launcher: launcher(index))
            members.append(member)
            everybody.append(member.child.processIdentifier)
        }
    }

    /// Reads what the workers wrote since the last time.
    /// - Throws: `DemoError` when a worker ended that nobody ended.
    @discardableResult
    package func look() throws -> CallTally {
        for (index, member) in members.enumerated() {
            let ending = member.child.ending
            for line in member.news() { tally.note(line, of: index) }
            if let ending {
                throw DemoError("worker \(member.child.processIdentifier) ended by itself (\(ending)): \(member.child.standardError)")
            }
        }
        return tally
    }

    /// Whether every worker has joined the pool.
    package var areReady: Bool { members.allSatisfy(\.isReady) }

    /// Whether every worker is through with everything it was sent through.
    package var areDone: Bool { members.allSatisfy { $0.finished == $0.goes && $0.goes == max(1, wantedGoes) } }

    /// Sends all workers through their calls, at the same moment.
    package func go() {
        wantedGoes += 1
        wentAt = wentAt ?? .now
        for member in members { member.go() }
    }

    /// The process ids, in the workers' order.
    package var processIdentifiers: [Int32] { members.map(\.child.processIdentifier) }

    /// The calls that the workers were sent through.
    package var expectedCalls: Int { max(1, wantedGoes) * members.reduce(0) { $0 + $1.options.callCount } }

    /// How many processes were replaced.
    package var replacements: Int { members.reduce(0) { $0 + $1.replacements } }

    /// What the workers said on standard error, for messages.
    package var complaints: String { members.map(\.child.standardError).joined() }

    /// Sends a signal to the worker with this process id; false when there is none.
    @discardableResult
    package func signal(_ number: Int32, to process: Int32) -> Bool {
        guard let member = members.first(where: { $0.child.processIdentifier == process }) else { return false }
        member.child.signal(number)
        return true
    }

    /// Kills (`SIGKILL`) the worker with this process id, and has a new process do what it had not done, once that has joined.
    /// - Returns: false when there is no such worker.
    @discardableResult
    package func killAndReplace(_ process: Int32) async throws -> Bool {
        guard let index = members.firstIndex(where: { $0.child.processIdentifier == process }) else { return false }
        await members[index].child.kill()
        try replace(index)
        try await letGo(index, instead: process)
        return true
    }

    /// Kills all workers at the same moment, and when all are gone has new processes do what they had not done.
    package func killAllAndReplace() async throws {
        let former = processIdentifiers
        for member in members { member.child.signal(SIGKILL) }
        for member in members { await member.child.wait() }
        for index in members.indices { try replace(index) }
        for index in members.indices { try await letGo(index, instead: former[index]) }
    }

    private func replace(_ index: Int) throws {
        let member = members[index]
        for line in member.news() { tally.note(line, of: index) }
        try member.replace()
        everybody.append(member.child.processIdentifier)
    }

    private func letGo(_ index: Int, instead process: Int32) async throws {
        let member = members[index]
        let limit = Instant.now.advanced(by: .seconds(30))
        while !member.isReady {
            for line in member.news() { tally.note(line, of: index) }
            guard member.child.ending == nil, Instant.now < limit else {
                throw DemoError("the replacement of worker \(process) did not join the pool: \(member.child.standardError)")
            }
            try await loop.sleep(until: Instant.now.advanced(by: .milliseconds(10)))
        }
        for _ in 0..<wantedGoes { member.go() }
    }

    /// Ends every process, kills those that are not gone after `grace`, and returns how they ended.
    @discardableResult
    package func stop(grace: Duration = .seconds(5)) async -> [ChildProcess.Ending] {
        let children = members.map(\.child)
        return await withTaskGroup(of: (Int, ChildProcess.Ending).self) { group in
            for (index, child) in children.enumerated() { group.addTask { (index, await child.stop(grace: grace)) } }
            var endings = Array(repeating: ChildProcess.Ending.exited(0), count: children.count)
            for await (index, ending) in group { endings[index] = ending }
            return endings
        }
    }
}
