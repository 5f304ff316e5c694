import SluiceRedis

/// Why a process hears nothing from Redis though it is there.
extension RedisError {
    /// What happened and what is to be done about it.
    var messageRefusal: String {
        let what = "Redis sends this process no messages, since"
        guard let reply else { return "\(what) its URL leads to more than one server; name one (\(message))" }
        if reply.contains("NOPERM ") {
            return "\(what) its user may not hear them; give it the rights that deploy/users.acl names, +client|tracking, +subscribe and "
                + "&__redis__:invalidate among them (\(reply.prefix(200)))"
        }
        return "\(what) it refuses a command; use a server that has CLIENT TRACKING and SUBSCRIBE (\(reply.prefix(200)))"
    }
}
