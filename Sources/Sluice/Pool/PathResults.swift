/// A path and what became of it.
public typealias PathResult = (path: String, result: Result<Answer, SluiceError>)

/// The answers to many paths, as they come: what ``MirrorPool/get(_:concurrency:options:)`` gives.
///
/// Whoever takes an answer makes room for the next request, so a slow reader is never far behind what was fetched for it. Ending the
/// iteration early, and letting go of the sequence, cancels what is under way.
public struct PathResults: AsyncSequence, Sendable {
    public typealias Element = PathResult
    public typealias Failure = Never

    private let answers: AsyncStream<PathResult>
    private let room: AsyncStream<Void>.Continuation

    init(_ answers: AsyncStream<PathResult>, room: AsyncStream<Void>.Continuation) {
        self.answers = answers
        self.room = room
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(answers: answers.makeAsyncIterator(), room: room) }

    /// Takes one answer after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var answers: AsyncStream<PathResult>.Iterator
        fileprivate let room: AsyncStream<Void>.Continuation

        /// The next answer; nil when there are no more, or when the task was cancelled.
        public mutating func next() async -> PathResult? { await next(isolation: #isolation) }

        /// The same, on the actor of its caller.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> PathResult? {
            guard let answer = await answers.next(isolation: actor) else { return nil }
            room.yield()
            return answer
        }
    }
}
