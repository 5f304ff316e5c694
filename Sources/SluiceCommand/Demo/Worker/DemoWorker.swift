import Foundation
import Sluice
import SluiceLoop
import SluiceMirror

/// One process of the demo and of the integration tests: a pool and some callers. Each `SIGUSR1` sends the callers through their
/// calls once; `SIGTERM` ends the process, after the pool has given back what it holds.
package enum DemoWorker {
    /// The name of the hidden subcommand.
    package static let name = "demo-worker"

    /// Runs until told to end. Returns the exit status.
    package static func run(_ arguments: [String]) async -> Int32 {
        let loop = EventLoop(name: "worker")
        let signals = SignalStream(on: loop, signals: [SIGUSR1, SIGTERM, SIGINT])
        let received = await signals.start()
        var status: Int32 = 0
        do {
            let options = try WorkerOptions(arguments: arguments)
            let pool = try await MirrorPool(try options.configuration())
            say(.ready)
            var go = 0
            var work: [Task<Void, Never>] = []
            for await signal in received {
                guard signal == SIGUSR1 else { break }
                go += 1
                let number = go
                // What a predecessor has done belongs to the first signal to go.
                let done = go == 1 ? options.done : []
                work.append(Task { await makeCalls(options, done: done, at: pool, go: number) })
            }
            for task in work { task.cancel() }
            await pool.shutDown(grace: .seconds(1))
        } catch {
            DemoText.say("\(name): \(error)")
            status = 1
        }
        await signals.close()
        await loop.shutDown()
        return status
    }

    private static func makeCalls(_ options: WorkerOptions, done: [Int], at pool: MirrorPool, go: Int) async {
        let data = PlaceholderData(posts: 1_000_000)
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<options.callers {
                let paths = options.calls(of: caller)
                let deadline = options.deadline(of: caller)
                let first = caller < done.count ? done[caller] : 0
                group.addTask {
                    for index in paths.indices.dropFirst(first) {
                        let path = paths[index]
                        let began = Instant.now
                        do throws(SluiceError) {
                            let answer = try await pool.get(
                                path, options: CallOptions(deadline: deadline, priority: options.isUrgent ? .high : .normal))
                            // A collection's length depends on the mirror; an item's content does not.
                            let isItem = path.utf8.count { $0 == UInt8(ascii: "/") } == 2
                            let isRight = answer.status == 200 && (!isItem || answer.body == data.get(path: path[...], query: nil).body)
                            say(
                                .call(
                                    .init(
                                        go: go, caller: caller, index: index, source: .init(answer), isRight: isRight,
                                        bytes: answer.body.count, at: .now)))
                        } catch {
                            say(
                                .failed(
                                    go: go, caller: caller, index: index,
                                    message: "\(path): \(error.code): \(error)\(times(error, began, deadline))"))
                            if error.code == .cancelled || error.code == .shutDown { return }
                        }
                    }
                }
            }
        }
        if !Task.isCancelled { say(.done(go: go)) }
    }

    /// How long a failed call took, how long it might have taken, and when to come back, in milliseconds.
    private static func times(_ error: SluiceError, _ began: Instant, _ deadline: Duration) -> String {
        let took = Instant.now.microseconds(since: began) / 1_000
        let back = error.retryAfter.map { "\($0.microseconds / 1_000)" } ?? "never"
        return " [took \(took) of \(deadline.microseconds / 1_000), back in \(back)]"
    }

    private static func say(_ line: WorkerLine) { DemoText.write(line.text.replacing("\n", with: " ") + "\n", to: 1) }
}

extension WorkerLine.Source {
    fileprivate init(_ answer: Answer) {
        switch answer.source {
        case _ where answer.isCollapsed: self = .collapsed
        case .memory: self = .memory
        case .redis: self = .redis
        case .mirror: self = .mirror
        }
    }
}
