import CSluiceOpenSSL
import SluiceHarness

@testable import SluiceRedis

/// The server's end of a TLS 1.2 session, in memory: what Redis does with OpenSSL, and what another server might do. For one task.
final class TLSPeer {
    private let context: OpaquePointer
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    init(certificate: String, key: String) throws {
        guard let context = SSL_CTX_new(TLS_server_method()),
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil) == 1,
            SSL_CTX_use_certificate_chain_file(context, certificate) == 1,
            SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1, let session = SSL_new(context),
            let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem())
        else { throw HarnessError("no TLS server with \(certificate)") }
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_accept_state(session)
        self.context = context
        self.session = session
        self.incoming = incoming
        self.outgoing = outgoing
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    /// Carries the handshake through.
    func shakeHands(with client: TLSSession) throws {
        for _ in 0..<10 where !client.isEstablished {
            try client.advance()
            take(from: client)
            _ = SSL_do_handshake(session)
            give(to: client)
        }
    }

    /// Asks for a new handshake (HelloRequest).
    func askForRenegotiation(_ client: TLSSession) {
        _ = SSL_renegotiate(session)
        _ = SSL_do_handshake(session)
        give(to: client)
    }

    /// The plain bytes that the client has sent; nil: none.
    func read(from client: TLSSession) -> String? {
        take(from: client)
        var plain = [UInt8](repeating: 0, count: 4_096)
        let count = SSL_read(session, &plain, Int32(plain.count))
        return count > 0 ? String(decoding: plain.prefix(Int(count)), as: UTF8.self) : nil
    }

    private func take(from client: TLSSession) {
        var bytes: [UInt8] = []
        client.drain(into: &bytes)
        _ = BIO_write(incoming, bytes, Int32(bytes.count))
    }

    private func give(to client: TLSSession) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = max(0, BIO_read(outgoing, &bytes, Int32(bytes.count)))
        bytes.withUnsafeBytes { client.feed(UnsafeRawBufferPointer(rebasing: $0[..<Int(count)])) }
    }
}
