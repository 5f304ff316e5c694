package import SluiceRedis

/// A Redis that answers and takes no writes.
extension RedisError {
    /// Why the server takes no writes, and what is to be done about it; nil for any other error.
    ///
    /// A script's error stands behind others' words in the replies of some servers, so it is looked for in all of the reply.
    package var writeRefusal: String? {
        guard code == .refused, let reply else { return nil }
        return Self.remedies.first { reply.contains($0.words) }.map { "Redis takes no writes, since \($0.remedy) (\(reply.prefix(200)))" }
    }

    /// Whether it is the user's rights: he may lack one that other writes do not need.
    package var isAboutRights: Bool {
        code == .refused && (reply.map { $0.contains("NOPERM ") || $0.contains(Self.rightsOfScripts) } ?? false)
    }

    /// Redis 7.0's words, without a code.
    private static let rightsOfScripts = "user executing the script can't"

    private static let remedies: [(words: String, remedy: String)] = [
        ("READONLY ", "it is a replica; promote it, or name the master in the Redis URL, or its sentinels, who know it"),
        ("NOREPLICAS ", "it misses replicas; bring them back, or lower its min-replicas-to-write"),
        ("MISCONF ", "it cannot save its data; see its log, and make room on its disk"),
        ("NOPERM ", "its user may not write; give it the rights that deploy/users.acl names"),
        (rightsOfScripts, "its user may not write; give it the rights that deploy/users.acl names"),
    ]
}
