import SluiceHarness

/// A certificate authority of a test's own, with its files in PEM.
struct TestAuthority {
    private let directory: TemporaryDirectory
    /// The authority's own certificate.
    var certificate: String { directory.path("ca.pem") }

    init() async throws {
        directory = try TemporaryDirectory(label: "tls")
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=Test Authority",
            "-keyout", directory.path("ca.key"), "-out", certificate)
    }

    /// Signs a certificate for names such as `DNS:localhost` and `IP:127.0.0.1`.
    func sign(_ names: String, as label: String) async throws -> (certificate: String, key: String) {
        let certificate = directory.path("\(label).pem")
        let key = directory.path("\(label).key")
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(label)",
            "-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=critical,CA:FALSE", "-CA", self.certificate, "-CAkey",
            directory.path("ca.key"), "-keyout", key, "-out", certificate)
        return (certificate, key)
    }

    private func openssl(_ arguments: String...) async throws {
        let run = try await ChildProcess.run("/usr/bin/openssl", arguments)
        guard run.ending == .exited(0) else { throw HarnessError("openssl \(arguments): \(run.standardError)") }
    }
}
