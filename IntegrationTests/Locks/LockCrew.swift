import Foundation
import SluiceHarness
import Testing

/// A Redis, a witness, and processes that take a lock in turns.
final class LockCrew {
    let redis: RedisServer
    let witness: Witness
    let size: Int
    let options: [String]
    private(set) var members: [ChildProcess] = []

    init(_ size: Int, permits: Int = 1, _ options: [String]) async throws {
        self.size = size
        self.options = options + ["--permits", "\(permits)"]
        redis = try await RedisServer()
        witness = try Witness(permits: permits, gate: size)
    }

    /// Starts one more process that is to enter so many times.
    @discardableResult func hire(count: Int, _ more: String...) throws -> ChildProcess {
        let path = (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") as NSString).deletingLastPathComponent
        let all = ["prove", "--redis", redis.url, "--witness", "\(witness.port)", "--count", "\(count)"] + options + more
        let member = try ChildProcess(path + "/SluiceLockWorker", all)
        members.append(member)
        return member
    }

    /// Freezes a process, whatever it is about.
    func freeze(_ member: ChildProcess) {
        member.signal(SIGSTOP)
        witness.excuse(member.processIdentifier)
    }

    /// Lets a frozen process go on.
    func thaw(_ member: ChildProcess) {
        witness.thaw(member.processIdentifier)
        member.signal(SIGCONT)
    }

    /// Kills a process, whatever it is about, and lets another do what is left of its so many entries.
    func replace(_ member: ChildProcess, of count: Int) async throws {
        witness.excuse(member.processIdentifier)
        await member.kill()
        try hire(count: count - witness.record.entries[member.processIdentifier, default: 0])
    }

    /// A process that has begun and was neither frozen nor killed; not the one given.
    func anybody(but exception: ChildProcess? = nil) async throws -> ChildProcess {
        var found: ChildProcess?
        // Those that were there at first may all be gone, and those who took their place only just starting.
        try await until("somebody has begun") {
            let record = witness.record
            found = members.first {
                let process = $0.processIdentifier
                return $0.ending == nil && process != exception?.processIdentifier && !record.excused.contains(process)
                    && record.entries[process] != nil
            }
            return found != nil
        }
        return try #require(found)
    }

    /// Somebody who is inside.
    func holder() async throws -> ChildProcess {
        var found: ChildProcess?
        try await until("somebody is inside") {
            let record = witness.record
            found = members.first { record.inside[$0.processIdentifier] != nil && !record.excused.contains($0.processIdentifier) }
            return found != nil
        }
        return try #require(found)
    }

    /// - Parameter patience: only so that nobody waits for ever: a host that gives most of its time to others takes a second for thirty entries.
    func until(_ what: String, within patience: Duration = .seconds(240), _ holds: () async throws -> Bool) async throws {
        let limit = ContinuousClock.now + patience
        while try await !holds() {
            try #require(ContinuousClock.now < limit, "\(what): that did not come about; \(witness.record)")
            try await Task.sleep(for: .microseconds(200))
        }
    }

    /// Waits until all processes have ended, and returns what those say that were not killed.
    func finish(within patience: Duration = .seconds(240)) async throws -> [String] {
        try await until("the end of all processes", within: patience) { members.allSatisfy { $0.ending != nil } }
        return members.filter { $0.ending != .signalled(SIGKILL) }.map {
            #expect($0.ending == .exited(0), "\($0.standardError)")
            return $0.standardOutput
        }
    }

    func close() async {
        for member in members { await member.kill() }
        witness.close()
        await redis.stop()
    }
}
