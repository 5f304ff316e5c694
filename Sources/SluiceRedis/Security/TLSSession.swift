import CSluiceOpenSSL
import SluiceLoop

/// One connection's TLS, without its sockets: bytes of the network in and out, plain bytes out and in. Confined to the loop's thread.
final class TLSSession {
    /// `LoopError.code` when the server is not who it should be, or we are not whom it wants.
    static let untrusted = "ETLSTRUST"
    /// `LoopError.code` when a file cannot be used.
    static let unusable = "ETLSFILE"

    /// Whether the handshake is done.
    private(set) var isEstablished = false
    /// OpenSSL's object.
    let session: OpaquePointer
    /// From the network, and to it; both belong to the session.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    /// Room for what one record holds at most.
    private let plain: UnsafeMutableRawBufferPointer

    /// - Parameter host: the name or address that the server's certificate must be for.
    /// - Throws: `LoopError`, with the code ``unusable`` for a file.
    init(_ settings: TLSSettings, host: String) throws(LoopError) {
        let context = try TLSContext(settings)
        guard let session = SSL_new(context.pointer), let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            throw Self.failure("TLS cannot be used")
        }
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
        self.session = session
        self.incoming = incoming
        self.outgoing = outgoing
        plain = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 1)
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1 { return }
        // An address is not sent along (RFC 6066), a name is.
        guard SSL_set1_host(session, host) == 1, sluice_tls_name_server(session, host) == 1 else {
            throw Self.failure("the name \(host) cannot be asked for")
        }
    }

    deinit {
        SSL_free(session)
        plain.deallocate()
    }

    /// Takes what came from the network.
    func feed(_ bytes: UnsafeRawBufferPointer) {
        // A memory buffer takes all of it.
        _ = BIO_write(incoming, bytes.baseAddress, Int32(bytes.count))
    }

    /// Goes on with the handshake as far as what came allows.
    func advance() throws(LoopError) {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        if result == 1 {
            isEstablished = true
            return
        }
        guard SSL_get_error(session, result) == SSL_ERROR_WANT_READ else { throw failure() }
    }

    /// The next plain bytes, in a buffer that the next call uses again; nil when there are none yet.
    /// - Throws: also when the peer has ended the connection.
    func read() throws(LoopError) -> UnsafeRawBufferPointer? {
        ERR_clear_error()
        let count = SSL_read(session, plain.baseAddress, Int32(plain.count))
        if count > 0 { return UnsafeRawBufferPointer(rebasing: plain[..<Int(count)]) }
        switch SSL_get_error(session, count) {
        case SSL_ERROR_WANT_READ: return nil
        case SSL_ERROR_ZERO_RETURN: throw LoopError(code: "EOF", message: "the peer ended it")
        default: throw failure()
        }
    }

    /// Encrypts plain bytes, once the handshake is done: all of them, or it throws and the session is of no more use.
    func write(_ bytes: [UInt8]) throws(LoopError) {
        ERR_clear_error()
        var written = 0
        guard bytes.isEmpty || SSL_write_ex(session, bytes, bytes.count, &written) == 1 else { throw failure() }
    }

    /// Appends what is to go to the network.
    func drain(into bytes: inout [UInt8]) {
        var start: UnsafeMutablePointer<CChar>?
        let count = sluice_tls_held(outgoing, &start)
        guard count > 0 else { return }
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        sluice_tls_empty(outgoing)
    }

    private func failure() -> LoopError {
        let verdict = SSL_get_verify_result(session)
        guard verdict == X509_V_OK else {
            let reason = String(cString: X509_verify_cert_error_string(verdict))
            return LoopError(code: Self.untrusted, message: "its certificate is not accepted: \(reason)")
        }
        let failure = Self.failure("TLS failed")
        // The server's alerts about our certificate.
        let isOurs = [
            "certificate required", "bad certificate", "unknown ca", "certificate unknown", "certificate expired", "access denied",
        ]
        .contains { failure.message.contains($0) }
        return isOurs ? LoopError(code: Self.untrusted, message: "it does not accept our certificate: \(failure.message)") : failure
    }

    /// What OpenSSL says happened last.
    static func failure(_ what: String) -> LoopError {
        var text = [CChar](repeating: 0, count: 256)
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return LoopError(code: "ETLS", message: what) }
        ERR_error_string_n(code, &text, text.count)
        // error:0A000086:SSL routines::certificate verify failed
        let words = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return LoopError(code: "ETLS", message: "\(what): \(words.split(separator: ":").last ?? "")")
    }

    /// A file that cannot be used.
    static func unusable(_ file: String, _ purpose: String) -> LoopError {
        LoopError(code: unusable, message: failure("the file \(file) cannot be used as \(purpose), which must be PEM").message)
    }
}
