/// Whether messages come from the server that commands go to, and who is to move when they do not. Pure.
///
/// Both connect by one name, and that may have come to lead elsewhere between the two. Messages of another server say nothing about
/// what commands read: until both agree, nothing may be believed on their account.
struct ServerAgreement {
    /// What must be done.
    enum Step {
        /// Nothing: they agree, or there is only one.
        case none
        /// The messages' connection must be made again.
        case messagesMove
        /// Both must: the name leads elsewhere since commands have their connection.
        case bothMove
    }

    /// How often in a row messages must have come to the same master before commands, having moved in vain, move again: a name that leads
    /// to several servers by turns must not cost them one connection after the other.
    private static let patience = 3

    /// The master that messages came to, and how often in a row since commands were made to move; nil: they were not made to in the
    /// present disagreement.
    private var sinceMove: (runID: String, count: Int)?

    /// The connection for commands is ready: the later of the two, which shows where the name leads.
    mutating func commandsReady(at server: RedisHandshake.Server, messages: RedisHandshake.Server?) -> Step {
        agree(server, messages) ? .none : .messagesMove
    }

    /// The connection for messages is ready: the later of the two. To a replica commands do not follow.
    mutating func messagesReady(at server: RedisHandshake.Server, commands: RedisHandshake.Server?) -> Step {
        if agree(server, commands) { return .none }
        guard !server.isReplica else {
            sinceMove?.count = 0
            return .messagesMove
        }
        if let last = sinceMove {
            let count = last.runID == server.runID ? last.count + 1 : 1
            sinceMove = (server.runID, count)
            guard count >= Self.patience else { return .messagesMove }
        }
        sinceMove = (server.runID, 0)
        return .bothMove
    }

    private mutating func agree(_ server: RedisHandshake.Server, _ other: RedisHandshake.Server?) -> Bool {
        guard let other else { return true }
        guard server.runID == other.runID else { return false }
        sinceMove = nil
        return true
    }
}
