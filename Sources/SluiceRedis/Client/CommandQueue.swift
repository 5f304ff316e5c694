import SluiceLoop

/// The commands that wait: first those sent, in the order of their replies, then those that wait for a connection or for the end of
/// the loop's turn. Pure: it answers nobody, but hands out who is to be answered.
///
/// All commands have the same time, so their deadlines are in order and expiry takes them from the front.
struct CommandQueue {
    /// Commands taken out, each with the answer it must get.
    typealias Answers = [(PendingCommand, RedisError)]

    /// Of fewer commands none leave early: a write costs as much as some ten of them.
    static let minimumHeadStart = 16

    private var commands = FIFO<PendingCommand>()
    /// How many at the front have been sent.
    private(set) var sentCount = 0
    /// The bytes of all others.
    var output = CommandEncoder()
    /// Half of what was under way after the last write.
    private var headStart = Int.max
    /// Whether a bound command has come since the last loss.
    private var hasBound = false

    /// Whether nobody waits.
    var isEmpty: Bool { commands.isEmpty }

    /// Commands not sent yet.
    var unsentCount: Int { commands.count - sentCount }

    /// When the oldest command's time is up.
    var nextDeadline: Instant? { commands.first?.deadline }

    /// Adds a command whose bytes have just been appended to `output`.
    mutating func append(_ command: PendingCommand) {
        commands.append(command)
        if command.isBound { hasBound = true }
    }

    /// Whether what waits should leave now, although the turn of the loop may add to it: the server has nothing to do, and half of what
    /// its callers have under way together is here. A crowd that moves in step would otherwise wait while the server works, and the server
    /// while the crowd does; in two halves both work at once. Once they do, a turn of the loop is one write again.
    var deservesHeadStart: Bool { sentCount == 0 && commands.count >= headStart }

    /// Notes that `output` has been handed over whole.
    mutating func markSent() {
        sentCount = commands.count
        headStart = sentCount < 2 * Self.minimumHeadStart ? .max : sentCount / 2
    }

    /// Takes the command that the next reply belongs to; nil: nobody asked.
    mutating func takeReplied() -> PendingCommand? {
        guard sentCount > 0 else { return nil }
        sentCount -= 1
        return commands.popFirst()
    }

    /// The connection is gone. Sent commands that may be sent again, and have time, wait again, before all others; the other sent ones
    /// are taken out, and so are those that were bound to it: the next connection may lead to another server.
    /// - Parameters:
    ///   - error: for what was sent.
    ///   - unsent: for what was bound and never left.
    mutating func connectionLost(_ error: RedisError, unsent: RedisError, at now: Instant) -> Answers {
        var lost: Answers = []
        var kept = FIFO<PendingCommand>()
        var bytes: [UInt8] = []
        for _ in 0..<sentCount {
            guard let command = commands.popFirst() else { break }
            if let again = command.again, !command.isBound, command.deadline > now {
                bytes += again
                kept.append(command)
            } else {
                lost.append((command, error))
            }
        }
        sentCount = 0
        // An attempt to connect has failed, say: what waits may be much, and stays as it is.
        guard hasBound || !kept.isEmpty else { return lost }
        hasBound = false
        var start = 0
        while let command = commands.popFirst() {
            let end = start + command.length
            defer { start = end }
            if command.isBound {
                lost.append((command, unsent))
            } else {
                bytes += output.bytes[start..<end]
                kept.append(command)
            }
        }
        commands = kept
        output.bytes = bytes
        return lost
    }

    /// Whether the time of a sent command is up.
    func isOverdue(at now: Instant) -> Bool {
        guard sentCount > 0, let first = commands.first else { return false }
        return first.deadline <= now
    }

    /// Takes out the sent commands whose time is up. If there is one, the connection is out of step and must be given up.
    mutating func takeOverdue(at now: Instant, _ error: RedisError) -> Answers {
        var overdue: Answers = []
        while sentCount > 0, let first = commands.first, first.deadline <= now {
            _ = commands.popFirst()
            sentCount -= 1
            overdue.append((first, error))
        }
        return overdue
    }

    /// Takes out the unsent commands whose time is up, while none is sent.
    mutating func takeExpired(at now: Instant, _ error: RedisError) -> Answers {
        guard sentCount == 0 else { return [] }
        var expired: Answers = []
        var length = 0
        while let first = commands.first, first.deadline <= now {
            _ = commands.popFirst()
            length += first.length
            expired.append((first, error))
        }
        if length > 0 { output.bytes.removeFirst(length) }
        return expired
    }

    /// Takes out the unsent commands, or all.
    mutating func takeAll(_ error: RedisError, sentToo: Bool) -> Answers {
        var taken: Answers = []
        var kept = FIFO<PendingCommand>()
        for index in 0..<commands.count {
            guard let command = commands.popFirst() else { break }
            if index < sentCount && !sentToo { kept.append(command) } else { taken.append((command, error)) }
        }
        commands = kept
        sentCount = kept.count
        output.bytes.removeAll()
        return taken
    }
}
