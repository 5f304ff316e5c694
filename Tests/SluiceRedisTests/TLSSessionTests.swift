import SluiceLoop
import Testing

@testable import SluiceRedis

/// One session against a server in memory.
@Suite(.timeLimit(.minutes(10))) struct TLSSessionTests {
    @Test func `a server that asks for a new handshake gets none, and the bytes written after it are not lost`() async throws {
        let authority = try await TestAuthority()
        let files = try await authority.sign("IP:127.0.0.1", as: "server")
        let peer = try TLSPeer(certificate: files.certificate, key: files.key)
        let client = try TLSSession(TLSSettings(authorities: authority.certificate), host: "127.0.0.1")
        try peer.shakeHands(with: client)
        try #require(client.isEstablished)
        try client.write(Array("first".utf8))
        #expect(peer.read(from: client) == "first")

        peer.askForRenegotiation(client)
        #expect(try client.read() == nil)
        // While a handshake is under way OpenSSL takes no bytes. (This peer does not bear the refusal, which ends its session.)
        #expect(throws: Never.self) { try client.write(Array("second".utf8)) }
    }
}
