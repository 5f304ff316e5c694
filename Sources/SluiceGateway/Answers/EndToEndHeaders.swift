/// Which header fields cross the gateway, in either direction.
enum EndToEndHeaders {
    /// What a client may tell a mirror with a request that is not answered from the cache. All else stays here: fields of one connection
    /// (RFC 9110, section 7.6.1), `Host`, ranges, and `Authorization` and cookies above all, since a mirror knows the pool by
    /// the credentials of its configuration, never a client's.
    private static let requestFields: Set<String> = [
        "accept", "accept-language", "content-type", "content-language", "content-encoding", "if-match", "if-none-match",
        "if-modified-since", "if-unmodified-since", "idempotency-key", "traceparent", "tracestate", "x-request-id",
    ]

    /// What belongs to one connection, or is said anew for ours.
    private static let connectionFields: Set<String> = [
        "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
        "proxy-authenticate", "proxy-authorization", "proxy-authentication-info", "alt-svc", "sluice-mirror",
    ]

    /// The fields of a client's request that go to the mirror.
    static func request(_ fields: some Sequence<(name: String, value: String)>) -> [(name: String, value: String)] {
        let all = fields.map { (name: $0.name.lowercased(), value: $0.value) }
        let named = namedByConnection(all)
        return all.filter { requestFields.contains($0.name) && !named.contains($0.name) }
    }

    /// The fields of a mirror's answer that go to the client.
    static func response(_ fields: [(name: String, value: String)]) -> [(name: String, value: String)] {
        let named = namedByConnection(fields.map { (name: $0.name.lowercased(), value: $0.value) })
        return fields.filter { field in
            let name = field.name.lowercased()
            return !connectionFields.contains(name) && !named.contains(name)
        }
    }

    private static func namedByConnection(_ fields: [(name: String, value: String)]) -> Set<String> {
        var names: Set<String> = []
        for field in fields where field.name == "connection" {
            for name in field.value.split(separator: ",") { names.insert(name.filter { $0 != " " && $0 != "\t" }.lowercased()) }
        }
        return names
    }
}
