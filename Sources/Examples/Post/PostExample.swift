import Foundation
import Sluice
import Synchronization

/// Posts of an API with limits and mirrors, fetched by whoever needs them: tasks, plain threads, and as many processes as you start of
/// this program. `example-post [COUNT]` wants posts 1 to COUNT (default 20), each from a task and from a thread, and then prints where
/// its answers came from.
///
/// Needs `SLUICE_MIRRORS`, and `SLUICE_REDIS_URL` for more than one process; `deploy/example post` starts all of it.
@main enum PostExample {
    static func main() async throws {
        let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
        let pool = try await MirrorPool(.fromEnvironment())
        let sources = Sources()
        do {
            async let threads: Void = fromThreads(count, pool, sources)
            try await fromTasks(count, pool)
            try await threads
        } catch {
            FileHandle.standardError.write(Data("example-post: \(error)\n".utf8))
            await pool.shutDown()
            exit(1)
        }
        // Once more, now that all is there: from memory.
        let last = try await pool.get("/posts/\(count)")
        print("\(sources.description); again: \(last.source)")
        await pool.shutDown()
    }

    private static func fromTasks(_ count: Int, _ pool: MirrorPool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                group.addTask {
                    // All that a developer has to know.
                    let post = try await pool.get("/posts/\(number)", as: Post.self)
                    guard post.id == number else { throw SluiceError(.decodingFailed, "post \(number) came as \(post.id)") }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Two plain threads, for code that knows nothing of tasks.
    private static func fromThreads(_ count: Int, _ pool: MirrorPool, _ sources: Sources) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<2 {
                group.addTask {
                    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
                        Thread.detachNewThread {
                            done.resume(
                                with: Result {
                                    for number in stride(from: 1 + part, through: count, by: 2) {
                                        let answer = try pool.blocking.get("/posts/\(number)")
                                        sources.add(answer.isCollapsed ? "shared with another call" : "from \(answer.source)")
                                    }
                                })
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Where answers came from.
    private final class Sources: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func add(_ source: String) { counts.withLock { $0[source, default: 0] += 1 } }

        var description: String {
            counts.withLock { counts in counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
        }
    }
}
