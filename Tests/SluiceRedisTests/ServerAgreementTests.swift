import Testing

@testable import SluiceRedis

/// The decision alone, without a server.
struct ServerAgreementTests {
    private func server(_ runID: String, isReplica: Bool = false) -> RedisHandshake.Server {
        var server = RedisHandshake.Server(version: "7.0.15", runID: runID, clientID: 1)
        server.isReplica = isReplica
        return server
    }

    @Test func `the same server, or one connection alone, is in order`() {
        var agreement = ServerAgreement()
        #expect(agreement.messagesReady(at: server("a"), commands: nil) == .none)
        #expect(agreement.commandsReady(at: server("a"), messages: server("a")) == .none)
        #expect(agreement.commandsReady(at: server("b"), messages: nil) == .none)
        #expect(agreement.messagesReady(at: server("b"), commands: server("b")) == .none)
    }

    @Test func `where commands have moved, messages move after them`() {
        var agreement = ServerAgreement()
        #expect(agreement.commandsReady(at: server("b"), messages: server("a")) == .messagesMove)
    }

    @Test func `where messages have moved, commands follow at once, and not to a replica`() {
        var agreement = ServerAgreement()
        #expect(agreement.messagesReady(at: server("r", isReplica: true), commands: server("a")) == .messagesMove)
        #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .bothMove)
        #expect(agreement.commandsReady(at: server("a"), messages: nil) == .none)
        #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .messagesMove)
        #expect(agreement.messagesReady(at: server("a"), commands: server("a")) == .none)
        #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .bothMove)
    }

    @Test func `commands that moved in vain follow again when messages have come to the same master three times in a row`() {
        var agreement = ServerAgreement()
        #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .bothMove)
        for _ in 0..<3 {
            // Their name is looked up, and still leads to the old one; the messages may be there first.
            #expect(agreement.messagesReady(at: server("b"), commands: nil) == .none)
            #expect(agreement.commandsReady(at: server("a"), messages: server("b")) == .messagesMove)
            #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .messagesMove)
            #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .messagesMove)
            #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .bothMove)
        }
        #expect(agreement.commandsReady(at: server("b"), messages: nil) == .none)
        #expect(agreement.messagesReady(at: server("b"), commands: server("b")) == .none)
    }

    @Test(arguments: [false, true]) func `a name that leads elsewhere by turns moves commands once`(isReplica: Bool) {
        var agreement = ServerAgreement()
        #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .bothMove)
        for _ in 0..<20 {
            #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .messagesMove)
            #expect(agreement.messagesReady(at: server("b"), commands: server("a")) == .messagesMove)
            #expect(agreement.messagesReady(at: server("c", isReplica: isReplica), commands: server("a")) == .messagesMove)
        }
    }
}
