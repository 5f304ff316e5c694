import CSluiceOpenSSL
import SluiceLoop

/// What one connection's TLS is made from: whom to trust, and who we are. Made anew for each connection, so that files that were
/// replaced count from the next one on.
final class TLSContext {
    private static let isReady = sluice_tls_begin() == 1

    let pointer: OpaquePointer

    /// - Throws: `LoopError` with the code ``TLSSession/unusable``, naming the file that cannot be used.
    init(_ settings: TLSSettings) throws(LoopError) {
        guard Self.isReady else { throw TLSSession.failure("TLS cannot be used") }
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_client_method()) else { throw TLSSession.failure("TLS cannot be used") }
        self.pointer = pointer
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        guard sluice_tls_require_1_2(pointer) == 1 else { throw TLSSession.failure("TLS 1.2 cannot be required") }
        // A handshake in the middle of things would take no bytes until its peer has answered; no Redis needs one.
        sluice_tls_forbid_renegotiation(pointer)
        if let file = settings.authorities {
            guard SSL_CTX_load_verify_file(pointer, file) == 1 else { throw TLSSession.unusable(file, "a list of authorities (cacert)") }
        } else {
            guard SSL_CTX_set_default_verify_paths(pointer) == 1 else {
                throw TLSSession.failure("the system's authorities cannot be read")
            }
        }
        guard let file = settings.certificate else { return }
        guard SSL_CTX_use_certificate_chain_file(pointer, file) == 1 else { throw TLSSession.unusable(file, "a certificate (cert)") }
        let key = settings.key ?? file
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1, SSL_CTX_check_private_key(pointer) == 1 else {
            throw TLSSession.unusable(key, "the certificate's private key (key)")
        }
    }

    deinit { SSL_CTX_free(pointer) }
}
