extension Scenario {
    /// Whom a fault hits.
    package enum Whom: Hashable, Sendable, ExpressibleByIntegerLiteral {
        /// The process at this place.
        case place(Int)
        /// Whoever holds the lease when the fault comes; the first process when nobody does.
        case leader

        package init(integerLiteral place: Int) { self = .place(place) }
    }

    /// Which way between a node and Redis is cut.
    package enum Way: String, Hashable, Sendable {
        /// Both: the node notices that its connection is gone.
        case both
        /// To Redis: commands arrive late, or never.
        case there
        /// From Redis: commands are carried out, but nothing is heard of it.
        case here
    }

    /// Something that goes wrong, at an instant of true time in microseconds.
    package enum Fault: Hashable, Sendable {
        /// The process dies at once; another of a new name takes its place after so long.
        case crash(node: Whom, restartAfter: Int64)
        /// The process stands still; its clock runs on.
        case freeze(node: Whom, for: Int64)
        /// Nothing passes between the node and Redis, one way or both.
        case partition(node: Whom, way: Way = .both, for: Int64)
        /// Redis answers nobody.
        case redisDown(for: Int64)
        /// Redis restarts without its data.
        case dataLoss
        /// A replica without the last writes, so old, becomes the server.
        case rollback(age: Int64)
        /// The clock of Redis' host is set.
        case clockStep(by: Int64)
        /// The mirror drops every connection.
        case mirrorDead(mirror: Int, for: Int64)
        /// The mirror behaves badly.
        case mirrorOdd(mirror: Int, MirrorManner, for: Int64)
        /// The node leaves in good order; another takes its place after so long.
        case leave(node: Whom, restartAfter: Int64)
    }
}

extension Scenario.Fault {
    /// Whether Redis comes back without what it knew.
    var losesData: Bool {
        switch self {
        case .dataLoss, .rollback: true
        default: false
        }
    }

    /// Whether a process is replaced by one that remembers nothing.
    var forgets: Bool {
        switch self {
        case .crash, .leave: true
        default: false
        }
    }
}
