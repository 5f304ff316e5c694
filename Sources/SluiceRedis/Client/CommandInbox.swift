import Synchronization

/// Commands of callers on other threads, on their way to the loop: encoded by the caller, taken over by the loop in one go.
///
/// A command costs its caller one short lock, and the loop one wake-up for all that arrive until it looks.
final class CommandInbox: Sendable {
    /// A command of a task.
    struct Entry: Sendable {
        let continuation: UnsafeContinuation<Result<RedisValue, RedisError>, Never>?
        let length: Int
        let again: [UInt8]?
        /// The connection that it is bound to.
        let connection: UInt32?
    }

    /// Commands and their bytes, in order.
    struct Batch: Sendable {
        var encoder = CommandEncoder()
        var entries: [Entry] = []
    }

    /// What became of a command that was added.
    enum Addition {
        /// It waits; the loop must be told.
        case first
        /// It waits behind others that the loop has been told of.
        case later
        /// There is no room.
        case refused
    }

    private let waiting = Mutex(Batch())
    private let bound: Int

    /// - Parameter bound: bytes that may wait.
    init(bound: Int) { self.bound = bound }

    /// Adds a command.
    func add(
        _ continuation: UnsafeContinuation<Result<RedisValue, RedisError>, Never>?, keepsBytes: Bool, connection: UInt32?,
        _ encode: (inout CommandEncoder) -> Void
    ) -> Addition {
        waiting.withLock { batch in
            let start = batch.encoder.bytes.count
            encode(&batch.encoder)
            let end = batch.encoder.bytes.count
            guard end <= bound else {
                batch.encoder.bytes.removeLast(end - start)
                return .refused
            }
            let again = keepsBytes ? Array(batch.encoder.bytes[start...]) : nil
            batch.entries.append(Entry(continuation: continuation, length: end - start, again: again, connection: connection))
            return batch.entries.count == 1 ? .first : .later
        }
    }

    /// Exchanges what waits for an empty batch, whose memory is used next.
    func take(into empty: inout Batch) {
        waiting.withLock { batch in
            let taken = batch
            batch = empty
            empty = taken
        }
    }
}
