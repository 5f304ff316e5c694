/// What a new connection says before it serves, and what the answers mean: login, name, database, the server's identity. Pure.
///
/// All commands leave in one write; the answers are judged in order, and the first bad one decides.
struct RedisHandshake {
    /// Who answers.
    struct Server: Hashable, Sendable {
        /// `redis_version`, for example `7.0.15` (Valkey gives the version of Redis that it is compatible with).
        var version: String
        /// A random name of this life of the server process.
        var runID: String
        /// The connection's number at the server.
        var clientID: Int64
        /// Whole seconds for which it has been up, by its own clock; 0 when it once took over from another server, or does not say.
        var uptime: Int64 = 0
        /// Whether it follows another server, and takes no writes.
        var isReplica = false
    }

    /// The outcome of an answer.
    enum Progress {
        /// More answers are to come.
        case waiting
        /// The connection can be used.
        case ready(Server)
        /// It cannot.
        case failed(RedisError)
    }

    private enum Step { case login, name, database, identity, past, clientID, role, readiness }

    /// Seconds; so long no server has been up.
    private static let longestUptime: Int64 = 1 << 40
    /// The oldest version of Redis that has all commands in use.
    static let oldestVersion = (major: 6, minor: 2)

    /// The commands to send, in the order of the answers.
    let commands: [[String]]
    private var steps: [Step]
    private let endpoint: RedisEndpoint
    private var server = Server(version: "", runID: "", clientID: 0)

    init(endpoint: RedisEndpoint, clientName: String) {
        self.endpoint = endpoint
        var plan: [(Step, [String])] = []
        if let password = endpoint.password { plan.append((.login, ["AUTH"] + (endpoint.user.map { [$0] } ?? []) + [password])) }
        plan.append((.name, ["CLIENT", "SETNAME", clientName]))
        if endpoint.database != 0 { plan.append((.database, ["SELECT", "\(endpoint.database)"])) }
        plan.append((.identity, ["INFO", "server"]))
        plan.append((.past, ["INFO", "replication"]))
        plan.append((.clientID, ["CLIENT", "ID"]))
        // A sentinel may know late that a master is one no longer.
        if endpoint.sentinels != nil { plan.append((.role, ["ROLE"])) }
        // The last, since a server that still loads its data answers everything above.
        plan.append((.readiness, ["PING"]))
        commands = plan.map(\.1)
        steps = plan.map(\.0)
    }

    /// Takes the next answer.
    mutating func received(_ answer: RedisValue) -> Progress {
        guard let step = steps.first else { return .failed(unexpected(answer)) }
        steps.removeFirst()
        if case .error(let reply) = answer { return .failed(refusal(reply, at: step)) }
        switch step {
        case .login, .name, .database: break
        case .identity:
            guard let text = answer.string, let version = Self.field("redis_version", in: text), let runID = Self.field("run_id", in: text)
            else { return .failed(unexpected(answer)) }
            server.version = version
            server.runID = runID
            server.uptime = Self.field("uptime_in_seconds", in: text).flatMap { Int64($0) }.map { min(max(0, $0), Self.longestUptime) } ?? 0
            guard Self.isSupported(version) else {
                return .failed(
                    RedisError(
                        .tooOld,
                        "\(endpoint) is Redis \(version); \(Self.oldestVersion.major).\(Self.oldestVersion.minor) or later is needed. Upgrade it or name another server."
                    ))
            }
        case .past:
            let past = answer.string ?? ""
            if Self.field("second_repl_offset", in: past) != "-1" { server.uptime = 0 }
            server.isReplica = Self.field("role", in: past) == "slave"
        case .clientID:
            guard case .integer(let number) = answer else { return .failed(unexpected(answer)) }
            server.clientID = number
        case .role:
            guard case .array(let parts) = answer, let role = parts.first?.string else { return .failed(unexpected(answer)) }
            guard role == "master" else {
                return .failed(
                    RedisError(
                        .notConnected,
                        "\(endpoint): the server that the sentinels name is a \(role) and not the master; a failover may be under way."))
            }
        case .readiness: return .ready(server)
        }
        return .waiting
    }

    private func refusal(_ reply: String, at step: Step) -> RedisError {
        let word = reply.prefix { $0 != " " }
        let isLogin = step == .login || ["NOAUTH", "WRONGPASS", "NOPERM"].contains(word)
        // A full or loading server says so to the first command, whichever it is.
        let isPassing = RedisError.refused(reply).isPassingRefusal
        if reply.contains("DB index is out of range") {
            return RedisError(
                .invalidConfiguration, "\(endpoint) has no database \(endpoint.database); name another in the Redis URL.", reply: reply)
        }
        guard isLogin, !isPassing else {
            return RedisError(.refused, "\(endpoint) refuses a new connection: \(reply)", reply: reply)
        }
        let who = endpoint.user.map { "the user “\($0)”" } ?? "the default user"
        if word == "NOPERM" {
            return RedisError(
                .authentication, "\(endpoint) lets \(who) in, but refuses it a command: \(reply). \(Self.advice(on: reply))", reply: reply)
        }
        let how = endpoint.password == nil ? "without a password" : "with the password given"
        return RedisError(
            .authentication,
            "\(endpoint) does not let \(who) in \(how): \(reply.hasSuffix(".") ? String(reply.dropLast()) : reply). Check user and password of the Redis URL.",
            reply: reply)
    }

    /// Which right to grant: the reply names the command in quotes, as an ACL writes it.
    private static func advice(on reply: String) -> String {
        let parts = reply.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty else { return "Grant it what Sluice needs: deploy/users.acl has it." }
        return "Grant it +\(parts[1].lowercased()) (ACL SETUSER); deploy/users.acl has all that Sluice needs."
    }

    private func unexpected(_ answer: RedisValue) -> RedisError {
        RedisError(.protocolError, "\(endpoint) answers a new connection with \(answer), as Redis does not. Check host and port.")
    }

    private static func field(_ name: String, in text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("\(name):") {
            return String(line.dropFirst(name.count + 1))
        }
        return nil
    }

    private static func isSupported(_ version: String) -> Bool {
        let parts = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        guard let major = parts.first else { return false }
        return (major, parts.dropFirst().first ?? 0) >= oldestVersion
    }
}
