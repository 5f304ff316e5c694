/// What was purged and when, as a count of purges: whether something is older than a purge that concerns it. Pure.
///
/// With Redis the scripts know; only of what is not stored nobody asks them, so it holds this process's purges of tags. Its size is bounded:
/// when it is full, all of it is summed up in one number, before which everything counts as purged. That errs on the safe side.
struct PurgeLog: Sendable {
    /// What a purge concerns.
    enum Subject: Hashable, Sendable {
        case key(CacheKey)
        case tag(String)
        case prefix(KeyPrefix)
    }

    /// How many purges are told apart.
    static let limit = 4_096

    /// How many purges there have been.
    private(set) var count: Int64 = 0
    private var floor: Int64 = 0
    private var last: [Subject: Int64] = [:]
    private var prefixes: [KeyPrefix: Int64] = [:]

    /// Notes a purge.
    mutating func note(_ subject: Subject) {
        count += 1
        if last.count + prefixes.count >= Self.limit || subject == .prefix(.everything) {
            last = [:]
            prefixes = [:]
            floor = count
        } else if case .prefix(let prefix) = subject {
            prefixes[prefix] = count
        } else {
            last[subject] = count
        }
    }

    /// Whether a key or one of its tags was purged after so many purges.
    func isPurged(_ key: CacheKey, tags: [String], since: Int64) -> Bool {
        if since < floor || prefixes.contains(where: { $0.value > since && $0.key.covers(key) }) { return true }
        return ([.key(key)] + tags.map { .tag($0) }).contains { (last[$0] ?? 0) > since }
    }
}
