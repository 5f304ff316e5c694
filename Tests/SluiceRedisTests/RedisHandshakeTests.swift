import Testing

@testable import SluiceRedis

struct RedisHandshakeTests {
    private func outcome(_ url: String, _ answers: [RedisValue]) throws -> RedisHandshake.Progress {
        var handshake = RedisHandshake(endpoint: try RedisEndpoint(url: url), clientName: "test")
        for answer in answers.dropLast() {
            guard case .waiting = handshake.received(answer) else { break }
        }
        return handshake.received(try #require(answers.last))
    }

    private func info(_ version: String) -> RedisValue {
        .bulk(Array("# Server\r\nredis_version:\(version)\r\nrun_id:abc\r\n".utf8))
    }

    private static let firstLife = RedisValue.bulk(Array("# Replication\r\nrole:master\r\nsecond_repl_offset:-1\r\n".utf8))

    @Test(arguments: [("second_repl_offset:-1", Int64(77)), ("second_repl_offset:1234", 0), ("role:master", 0)])
    func `how long a server has been up counts unless it took over from another`(past: String, uptime: Int64) throws {
        let identity = RedisValue.bulk(Array("redis_version:7.0.15\r\nrun_id:abc\r\nuptime_in_seconds:77\r\n".utf8))
        let answers = [.status("OK"), identity, .bulk(Array("\(past)\r\n".utf8)), .integer(7), .status("PONG")] as [RedisValue]
        guard case .ready(let server) = try outcome("redis://h", answers) else {
            Issue.record("not taken")
            return
        }
        #expect(server.uptime == uptime)
    }

    @Test func `login, name, database and identity leave in this order`() throws {
        let handshake = RedisHandshake(endpoint: try RedisEndpoint(url: "redis://ann:pw@h/3"), clientName: "test")
        #expect(
            handshake.commands == [
                ["AUTH", "ann", "pw"], ["CLIENT", "SETNAME", "test"], ["SELECT", "3"], ["INFO", "server"], ["INFO", "replication"],
                ["CLIENT", "ID"], ["PING"],
            ])
    }

    @Test(arguments: ["6.2.0", "6.10.1", "7.0.15", "8.0", "255.255.255"]) func `a server from 6.2 on is taken`(version: String) throws {
        let outcome = try outcome("redis://h", [.status("OK"), info(version), Self.firstLife, .integer(7), .status("PONG")])
        guard case .ready(let server) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(server == .init(version: version, runID: "abc", clientID: 7))
    }

    @Test func `behind sentinels only a master is taken`() throws {
        let begin: [RedisValue] = [.status("OK"), info("7.0.15"), Self.firstLife, .integer(7)]
        let master = RedisValue.array([.bulk(Array("master".utf8)), .integer(0), .array([])])
        let replica = RedisValue.array([.bulk(Array("slave".utf8)), .bulk(Array("h".utf8))])
        guard case .ready = try outcome("redis+sentinel://h/m", begin + [master, .status("PONG")]) else {
            Issue.record("a master was refused")
            return
        }
        guard case .failed(let error) = try outcome("redis+sentinel://h/m", begin + [replica]) else {
            Issue.record("a replica was taken")
            return
        }
        // Not for good: the next attempt may find the new master.
        #expect(error.code == .notConnected)
    }

    @Test(arguments: ["6.0.16", "5.9.9", "2.8", "x"]) func `an older server is refused by its version`(version: String) throws {
        guard case .failed(let error) = try outcome("redis://h", [.status("OK"), info(version)]) else {
            Issue.record("taken")
            return
        }
        #expect(error.code == .tooOld)
        #expect(error.message.contains(version) && error.message.contains("6.2"))
    }

    @Test(arguments: [
        ("WRONGPASS invalid username-password pair", RedisError.Code.authentication), ("ERR invalid password", .authentication),
        ("ERR max number of clients reached", .refused), ("LOADING Redis is loading the dataset in memory", .refused),
    ])
    func `a refused login is no passing fault, a full or loading server is`(reply: String, code: RedisError.Code) throws {
        guard case .failed(let error) = try outcome("redis://ann:secret@h", [.error(reply)]) else {
            Issue.record("taken")
            return
        }
        #expect(error.code == code)
        #expect(!error.message.contains("secret"))
        if code == .authentication { #expect(error.message.contains("ann") && error.message.contains("h:6379")) }
    }

    @Test(arguments: [
        ("NOPERM this user has no permissions to run the 'role' command", "+role"),
        ("NOPERM User ann has no permissions to run the 'client|setname' command", "+client|setname"),
        ("NOPERM something else", "deploy/users.acl"),
    ])
    func `a right that is missing is named, and the password not blamed`(reply: String, right: String) throws {
        guard case .failed(let error) = try outcome("redis://ann:secret@h", [.status("OK"), .error(reply)]) else {
            Issue.record("taken")
            return
        }
        // Waiting is in vain until somebody grants it.
        #expect(error.code == .authentication)
        #expect(error.message.contains(right) && error.message.contains("ann"))
        #expect(!error.message.contains("password"))
    }

    @Test func `a stranger's answer is refused`() throws {
        guard case .failed(let error) = try outcome("redis://h", [.status("OK"), .status("what?")]) else {
            Issue.record("taken")
            return
        }
        #expect(error.code == .protocolError)
    }
}
