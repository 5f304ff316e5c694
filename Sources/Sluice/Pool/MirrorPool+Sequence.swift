/// A path and what became of it.
public typealias PathResult = (path: String, result: Result<Answer, SluiceError>)

extension MirrorPool {
    /// Asks for many paths, several at a time, and gives their answers as they come.
    ///
    ///     for await (path, result) in pool.get(paths) { … }
    ///
    /// A path that fails ends neither the sequence nor the others: its element carries the error. Ending the iteration early
    /// cancels what is under way.
    /// - Parameter concurrency: how many are under way at once, at least 1.
    public func get(
        _ paths: some Sequence<String> & Sendable, concurrency: Int = 16, options: CallOptions = CallOptions()
    ) -> AsyncStream<PathResult> {
        let paths = Array(paths)
        let (stream, continuation) = AsyncStream<PathResult>.makeStream()
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                for (index, path) in paths.enumerated() {
                    if index >= max(1, concurrency) { await group.next() }
                    group.addTask {
                        do throws(SluiceError) {
                            continuation.yield((path, .success(try await self.get(path, options: options))))
                        } catch {
                            continuation.yield((path, .failure(error)))
                        }
                    }
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }
}
