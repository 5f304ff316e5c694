/// How the server of a `rediss://` URL is recognised, and how we show who we are. All files are PEM.
///
/// A server must have a certificate for the host of the URL that one of the trusted authorities has signed; there is no way to go
/// on without.
package struct TLSSettings: Hashable, Sendable {
    /// The authorities to trust; nil: those of the system (or of `SSL_CERT_FILE` and `SSL_CERT_DIR`).
    package var authorities: String?
    /// Our own certificate, with what leads to its authority; nil: none is shown.
    package var certificate: String?
    /// The certificate's private key; nil: it is in the same file.
    package var key: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}
