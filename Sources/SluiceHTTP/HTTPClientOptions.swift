import SluiceLoop

/// What a client may use and how long it waits. The defaults suit an API of small answers.
package struct HTTPClientOptions: Sendable {
    /// Requests at once to one origin (scheme, host, port), 1…10,000; over HTTP/1 each has a connection. Others wait their turn.
    package var connectionsPerOrigin = 64
    /// Requests at once in all, and connections kept open in all, 1…10,000.
    package var connections = 256
    /// Bytes of an answer's head, all its lines together, 1 KiB…64 KiB (curl itself refuses a line of 100 KiB).
    package var headerBytes = 64 << 10
    /// Bytes of an answer's body, 0…1 GiB.
    package var bodyBytes = 8 << 20
    /// How long connecting may take, name lookup apart, TLS included; the request's own timeout, and when it has to start, bound it as well.
    /// 1 ms…5 min.
    package var connectTimeout = Duration.seconds(5)
    /// A connection that was idle for this long is not used again, in whole seconds, 1 s…1 h.
    ///
    /// Keep it below the mirrors' keep-alive: a request that meets a connection just as the server closes it costs a
    /// slot. Apache, Node and uvicorn close after 5 s, nginx after 75 s, so the default is 4 s. A new connection is cheaper.
    package var idleConnectionLife = Duration.seconds(4)
    /// How long a name's addresses are kept, 0…1 h. A failed connection drops them at once.
    package var nameLife = Duration.seconds(30)
    /// The `User-Agent`, unless a request brings its own.
    package var userAgent = "sluice/0.1"
    /// A file of PEM certificates to trust in place of the system's; `nil`: the system's.
    package var trustedCertificates: String?

    /// The defaults.
    package init() {}

    /// Throws ``HTTPError/Code/invalidOptions`` naming the first option that is out of its range.
    package func validate() throws(HTTPError) {
        func check(_ name: String, _ holds: Bool, _ range: String) throws(HTTPError) {
            if holds { return }
            throw HTTPError(
                code: .invalidOptions, message: "The HTTP client's option \(name) is out of its range: give it \(range).",
                wasSent: false, endedAt: .now)
        }
        try check("connectionsPerOrigin", (1...10_000).contains(connectionsPerOrigin), "1 to 10000")
        try check("connections", (1...10_000).contains(connections), "1 to 10000")
        try check("headerBytes", (1_024...65_536).contains(headerBytes), "1024 to 65536 bytes")
        try check("bodyBytes", (0...(1 << 30)).contains(bodyBytes), "0 bytes to 1 GiB")
        try check("connectTimeout", (.milliseconds(1) ... .seconds(300)).contains(connectTimeout), "1 ms to 5 min")
        try check("idleConnectionLife", (.seconds(1) ... .seconds(3_600)).contains(idleConnectionLife), "1 s to 1 h")
        try check("nameLife", (.zero ... .seconds(3_600)).contains(nameLife), "0 s to 1 h")
        try check("userAgent", RequestRules.isFieldValue(userAgent), "text without control characters")
    }
}
