import Foundation
import SluiceHarness
import SluiceLoop

/// `sluice demo`: the main job on real input, in front of your eyes.
///
/// A private Redis, two strict mirrors and several worker processes, all children of this one; they are ended by their ids
/// whatever happens, Ctrl-C and a kill of this process included.
package enum Demo {
    /// Runs the demo. Returns the exit status: 0, 1 (a guarantee was broken, it could not run, or was interrupted), 2 (usage).
    /// - Parameter arguments: options as `DemoOptions` reads them.
    package static func run(_ arguments: [String]) async -> Int32 {
        let options: DemoOptions
        do throws(DemoError) {
            options = try DemoOptions(arguments: arguments)
        } catch {
            DemoText.say("sluice demo: \(error)")
            return 2
        }
        do {
            let outcome = try await SignalledEnd.during("sluice demo") { try await play(options) }
            DemoText.write(DemoTable.text(outcome), to: 1)
            return outcome.broken.isEmpty ? 0 : 1
        } catch {
            DemoText.say("sluice demo: \(error)")
            return 1
        }
    }

    private static func play(_ options: DemoOptions) async throws -> DemoOutcome {
        let posts = max(1, options.posts)
        let mirror = ["--limit", options.limit, "--latency", options.latency, "--block", "60s", "--posts", "\(posts)"]
        let stage = try await Stage.open(
            program: OwnProgram.path, mirrors: Array(repeating: mirror, count: DemoOptions.mirrors))
        let result: Result<DemoOutcome, any Error>
        do {
            let crew = try await Crew(on: stage, workers(options, on: stage))
            do {
                result = .success(try await watch(crew, on: stage, options))
            } catch {
                result = .failure(error)
            }
            await crew.stop()
        } catch {
            result = .failure(error)
        }
        await stage.close()
        return try result.get()
    }

    /// Every process wants everything, every caller in an order of its own.
    private static func workers(_ options: DemoOptions, on stage: Stage) -> [WorkerOptions] {
        (0..<options.processes).map { index in
            var worker = WorkerOptions()
            worker.redis = stage.redis.url
            worker.mirrors = stage.mirrors.map(\.url)
            worker.limit = options.limit
            worker.leads = options.leads
            worker.callers = options.callers
            worker.rounds = options.rounds
            worker.seed = UInt64(index + 1) * 1_000_003
            worker.items = [("posts", options.posts), ("todos", options.todos)].filter { $0.1 > 0 }.map { DemoItems($0.0, 1...$0.1) }
            return worker
        }
    }

    private static func watch(_ crew: Crew, on stage: Stage, _ options: DemoOptions) async throws -> DemoOutcome {
        var progress = DemoProgress()
        progress.say(
            "\(DemoText.counted(options.processes, "process", "processes")) of \(DemoText.counted(options.callers, "caller")) want \(DemoText.counted(options.needs, "answer")), \(options.rounds) times each, from 2 mirrors that allow \(options.limit) each."
        )
        progress.say(
            "Look on with: redis-cli -p \(stage.redis.port) hgetall 'sluice:{demo}:metrics:leader'   curl \(stage.mirrors[0].url)/__stats")
        try await stage.wait(for: "the workers' joining the pool", patience: .seconds(60)) {
            try await crew.look()
            return await crew.areReady
        }
        await crew.go()
        let start = await crew.wentAt ?? .now
        var mustKill = options.killsLeader
        var leader: Int32?
        var turn = 0
        while true {
            let tally = try await crew.look()
            let isDone = await crew.areDone
            let reports = try await stage.reports()
            // Asking costs a process (redis-cli), so not every time.
            if options.leads, turn % 10 == 0 || mustKill { leader = try await stage.leader() }
            turn += 1
            progress.show(tally: tally, mirrors: reports, options: options, leader: leader, since: start)
            // After a ban nothing can come right any more, and every call would fail for as long as it lasts.
            if isDone || reports.contains(where: { $0.bans > 0 }) { break }
            if mustKill, reports.reduce(0, { $0 + $1.requests }) * 2 >= options.needs, let victim = leader {
                mustKill = false
                progress.say("Killing \(victim), which leads; a new process makes the calls that it had not made.")
                try await crew.killAndReplace(victim)
            }
            try await stage.loop.sleep(until: Instant.now.advanced(by: .milliseconds(100)))
        }
        progress.clear()
        let tally = try await crew.look()
        let complaints = await crew.complaints
        if !complaints.isEmpty { progress.say(complaints.trimmingCharacters(in: .newlines)) }
        let mirrors = try await stage.reports()
        return DemoOutcome(
            options: options, tally: tally, mirrors: mirrors, time: (tally.lastAnswer ?? start).duration(since: start),
            ideal: try options.idealTime(requests: mirrors.reduce(0) { $0 + $1.requests }),
            elections: try await stage.elections(), replacements: await crew.replacements)
    }
}
