import Foundation
import Sluice
import Synchronization

/// Posts of an API with limits and mirrors, fetched by whoever needs them: tasks, plain threads, and as many processes as you start of
/// this program. `example-post [COUNT]` wants posts 1 to COUNT (default 20), each from a task and from a thread, and then prints where
/// its answers came from. `example-post --whole [COUNT]` first asks for the whole collection, one request that fills the cache with every
/// post.
///
/// Needs `SLUICE_MIRRORS`, and `SLUICE_REDIS_URL` for more than one process; `deploy/example post` starts all of it.
@main enum PostExample {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        let count = words.last.flatMap { Int($0) } ?? 20
        let pool = try await MirrorPool(.fromEnvironment())
        let sources = Sources()
        do {
            if words.first == "--whole" {
                let report = try await pool.warm("/posts", item: "/posts/{id}")
                print("\(report.items) posts in one answer from \(report.source)")
            }
            async let threads: Void = fromThreads(count, pool, sources)
            try await fromTasks(count, pool, sources)
            try await threads
        } catch {
            FileHandle.standardError.write(Data("example-post: \(error)\n".utf8))
            await pool.shutDown()
            exit(1)
        }
        print(sources.description)
        // All that a developer has to know, when it does not matter where an answer comes from; this one is in memory.
        let post = try await pool.get("/posts/\(count)", as: Post.self)
        print("post \(post.id): \(post.title)")
        await pool.shutDown()
    }

    private static func fromTasks(_ count: Int, _ pool: MirrorPool, _ sources: Sources) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                group.addTask {
                    let answer = try await pool.get("/posts/\(number)")
                    sources.add(answer)
                    let post = try answer.decode(Post.self)
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
                                        sources.add(try pool.blocking.get("/posts/\(number)"))
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

        func add(_ answer: Answer) {
            counts.withLock { $0[answer.isCollapsed ? "shared with another call" : "from \(answer.source)", default: 0] += 1 }
        }

        var description: String {
            counts.withLock { counts in counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
        }
    }
}
