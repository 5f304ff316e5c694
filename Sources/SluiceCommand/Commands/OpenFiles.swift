import Glibc

/// The number of files, sockets among them, that this process may have open.
enum OpenFiles {
    /// What the mirrors (256 connections at most), Redis, logs and the process itself may need beside its clients' connections.
    private static let others = 256 + itself
    /// Of these, what is needed however few the clients are.
    private static let itself = 64

    /// Raises the limit for `connections`, as far as the system lets us, and tells how many of them there is room for.
    ///
    /// The limit that processes are given by default is 1,024, for the sake of programs that use `select`; what may be had is more.
    static func room(for connections: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return connections }
        let wanted = rlim_t(connections + others)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = min(wanted, limit.rlim_max)
            if setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &raised) == 0 { limit = raised }
        }
        let open = limit.rlim_cur > rlim_t(Int.max) ? Int.max : Int(limit.rlim_cur)
        return min(connections, max(open - others, (open - itself) / 2, 1))
    }
}
