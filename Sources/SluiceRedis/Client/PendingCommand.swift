import SluiceLoop

/// A command whose caller waits for the reply.
struct PendingCommand {
    /// Who waits.
    enum Reply {
        /// A task. The unchecked kind, since the checked one allocates for every command; that each is resumed exactly once is what
        /// `CommandQueue` is for: whoever takes a command out of it must answer it.
        case task(UnsafeContinuation<Result<RedisValue, RedisError>, Never>)
        /// A task that waits on the client's loop, outside of any actor.
        case freeTask(UnsafeContinuation<Result<RedisValue, RedisError>, Never>, EventLoop)
        /// A closure, called on the loop's thread.
        case closure((Result<RedisValue, RedisError>) -> Void)
        /// Nobody.
        case ignored
    }

    /// Who waits.
    var reply: Reply
    /// Whether it must not be sent by another connection than the one it was asked for.
    var isBound = false
    /// When waiting ends.
    var deadline: Instant
    /// Bytes of the command in the output.
    var length: Int
    /// The command's bytes, when it may be sent again after a lost connection.
    var again: [UInt8]?

    /// Gives the answer. Call it once.
    func answer(_ result: Result<RedisValue, RedisError>) {
        switch reply {
        case .task(let continuation): continuation.resume(returning: result)
        case .freeTask(let continuation, let loop): loop.resumingOutsideActors { continuation.resume(returning: result) }
        case .closure(let body): body(result)
        case .ignored: break
        }
    }
}
