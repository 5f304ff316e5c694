extension MirrorPool {
    /// Asks for many paths, several at a time, and gives their answers as they come.
    ///
    ///     for await (path, result) in pool.get(paths) { … }
    ///
    /// A path that fails ends neither the sequence nor the others: its element carries the error. Ending the iteration early
    /// cancels what is under way.
    /// - Parameter concurrency: how many paths are ahead of the answers that were taken, at least 1: those being asked for, and answers that wait
    ///   to be taken. So many bodies are in memory at most, and a reader who keeps up has so many requests under way.
    public func get(
        _ paths: some Sequence<String> & Sendable, concurrency: Int = 16, options: CallOptions = CallOptions()
    ) -> PathResults {
        let paths = Array(paths)
        let (answers, giver) = AsyncStream<PathResult>.makeStream()
        // One element is leave to ask for one path.
        let (leave, room) = AsyncStream<Void>.makeStream()
        for _ in 0..<min(max(1, concurrency), paths.count) { room.yield() }
        let task = Task {
            await withDiscardingTaskGroup { group in
                var leave = leave.makeAsyncIterator()
                for path in paths {
                    guard !Task.isCancelled, await leave.next() != nil else { break }
                    group.addTask {
                        do throws(SluiceError) {
                            giver.yield((path, .success(try await self.get(path, options: options))))
                        } catch {
                            giver.yield((path, .failure(error)))
                        }
                    }
                }
            }
            giver.finish()
        }
        giver.onTermination = { _ in task.cancel() }
        return PathResults(answers, room: room)
    }
}
