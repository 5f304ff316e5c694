extension MirrorPool {
    /// Asks for many paths, several at a time, and gives their answers as they come.
    ///
    ///     for try await (path, answer) in pool.get(paths) { … }
    ///
    /// A path that fails ends neither the sequence nor the others: its element carries the error. Ending the iteration early
    /// cancels what is under way.
    /// - Parameter concurrency: how many are under way at once, at least 1.
    public func get(
        _ paths: some Sequence<String> & Sendable, concurrency: Int = 16, options: CallOptions = CallOptions()
    ) -> Answers {
        let paths = Array(paths)
        let (stream, continuation) = AsyncStream<Answers.Element>.makeStream()
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
        return Answers(stream: stream)
    }

    /// Answers in the order in which they come.
    public struct Answers: AsyncSequence, Sendable {
        /// A path and what became of it.
        public typealias Element = (path: String, result: Result<Answer, SluiceError>)
        /// Gives the answers one by one.
        public struct AsyncIterator: AsyncIteratorProtocol {
            var base: AsyncStream<Element>.AsyncIterator
            /// The next answer; nil after the last.
            public mutating func next() async -> Element? { await base.next() }
            /// The next answer; nil after the last.
            public mutating func next(isolation actor: isolated (any Actor)?) async -> Element? { await base.next(isolation: actor) }
        }

        let stream: AsyncStream<Element>
        /// Starts at the first answer that nobody has taken yet.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: stream.makeAsyncIterator()) }
    }
}
