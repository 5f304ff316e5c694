import CSluiceOpenSSL
import SluiceHarness
import SluiceLoop
import Testing

@testable import SluiceRedis

/// `rediss://` against a real server, with certificates of a real authority.
@Suite(.timeLimit(.minutes(10))) struct TLSTests {
    /// A server that serves TLS on `port`, with a certificate for these names.
    private func withServer(
        names: String = "IP:127.0.0.1,DNS:localhost", wantsCertificate: Bool = false,
        _ body: (_ authority: TestAuthority, _ port: UInt16, _ server: RedisServer) async throws -> Void
    ) async throws {
        let authority = try await TestAuthority()
        let files = try await authority.sign(names, as: "server")
        let port = try FreePort.next()
        let server = try await RedisServer(
            .init(extraArguments: [
                "--tls-port", "\(port)", "--tls-cert-file", files.certificate, "--tls-key-file", files.key, "--tls-ca-cert-file",
                authority.certificate, "--tls-auth-clients", wantsCertificate ? "yes" : "no",
            ]))
        try await body(authority, port, server)
        await server.stop()
    }

    /// What becomes of one command by this URL.
    private func failure(_ url: String, _ server: RedisServer) async throws -> RedisError? {
        var failure: RedisError?
        try await withClient(server, url: url) { client in
            do throws(RedisError) { _ = try await client.command("PING") } catch { failure = error }
        }
        return failure
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `commands of many tasks and large values pass, by address and by name, also after the connection was lost`(host: String)
        async throws
    {
        try await withServer { authority, port, server in
            try await withClient(server, url: "rediss://\(host):\(port)?cacert=\(authority.certificate)") { client in
                let value = String(repeating: "0123456789abcdef", count: 200_000)
                for _ in 0..<2 {
                    _ = try await client.command("SET", "large", value)
                    #expect(try await client.command("GET", "large").string == value)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<200 {
                            group.addTask {
                                let answer = try await client.command("ECHO", "\(number)")
                                #expect(answer.string == "\(number)")
                            }
                        }
                        try await group.waitForAll()
                    }
                    try await server.cli("CLIENT", "KILL", "TYPE", "normal")
                    try await until { await code { () async throws(RedisError) in _ = try await client.command("PING") } == nil }
                }
            }
        }
    }

    @Test func `messages and invalidations arrive`() async throws {
        try await withServer { authority, port, server in
            let loop = EventLoop(name: "redis-test")
            let feed = EventFeed()
            let subscriber = RedisSubscriber(
                endpoint: try RedisEndpoint(url: "rediss://127.0.0.1:\(port)?cacert=\(authority.certificate)"), loop: loop,
                options: .patient, trackingPrefix: "p:"
            ) { feed.add($0) }
            await subscriber.start()
            try await subscriber.subscribe(["a"])
            #expect(await feed.next() == .connected)
            try await server.cli("PUBLISH", "a", "1")
            #expect(await feed.next() == .message(channel: "a", payload: [UInt8(ascii: "1")]))
            try await server.cli("SET", "p:k", "1")
            #expect(await feed.next() == .invalidated(keys: ["p:k"]))
            await subscriber.shutDown()
            await loop.shutDown()
        }
    }

    @Test func `a server of an unknown authority, or with another's name, is refused at once, and no password goes there`() async throws {
        try await withServer(names: "DNS:other.example") { authority, port, server in
            let unknown = try await failure("rediss://:secret@127.0.0.1:\(port)", server)
            #expect(unknown?.code == .untrusted)
            #expect(unknown?.message.contains("certificate is not accepted") == true, "\(String(describing: unknown))")
            for host in ["127.0.0.1", "localhost"] {
                let misnamed = try await failure("rediss://:secret@\(host):\(port)?cacert=\(authority.certificate)", server)
                #expect(misnamed?.code == .untrusted)
                #expect(misnamed?.message.contains("mismatch") == true, "\(String(describing: misnamed))")
            }
            #expect(try await server.cli("INFO", "commandstats").contains("cmdstat_auth") == false)
        }
    }

    @Test func `where clients need a certificate, one without is told so, and one with it is served`() async throws {
        try await withServer(wantsCertificate: true) { authority, port, server in
            let url = "rediss://127.0.0.1:\(port)?cacert=\(authority.certificate)"
            let without = try await failure(url, server)
            #expect(without?.code == .untrusted)
            #expect(without?.message.contains("does not accept our certificate") == true, "\(String(describing: without))")
            let files = try await authority.sign("DNS:client", as: "client")
            #expect(try await failure("\(url)&cert=\(files.certificate)&key=\(files.key)", server) == nil)
        }
    }

    @Test func `a file that cannot be used is named, and so is a server that does not speak TLS`() async throws {
        try await withServer { authority, port, server in
            let absent = try await failure("rediss://127.0.0.1:\(port)?cacert=/nowhere/ca.pem", server)
            #expect(absent?.code == .untrusted)
            #expect(absent?.message.contains("/nowhere/ca.pem") == true, "\(String(describing: absent))")
            let mixed = try await failure(
                "rediss://127.0.0.1:\(port)?cacert=\(authority.certificate)&cert=\(authority.certificate)&key=/nowhere/k", server)
            #expect(mixed?.message.contains("/nowhere/k") == true, "\(String(describing: mixed))")
            var options = RedisClientOptions.patient
            options.connectTimeout = .seconds(1)
            let url = "rediss://127.0.0.1:\(server.port)?cacert=\(authority.certificate)"
            try await withClient(server, url: url, options: options) { client in
                try await until { await client.lastConnectionError != nil }
                let plain = try #require(await client.lastConnectionError)
                #expect(plain.code == .notConnected && plain.message.contains("port for TLS"), "\(plain)")
            }
        }
    }

    // @unchecked Sendable: touched on the loop's thread only.
    private final class Writer: @unchecked Sendable {
        var stream: RedisStream?
        var isInside = false
    }

    @Test func `bytes that cannot be encrypted end the stream, once their writer's call is over`() async throws {
        try await withServer { authority, port, _ in
            let loop = EventLoop(name: "redis-test")
            let writer = Writer()
            let settings = TLSSettings(authorities: authority.certificate)
            let error = await withCheckedContinuation { (continuation: CheckedContinuation<LoopError, Never>) in
                loop.execute {
                    writer.stream = RedisStream(
                        on: loop, to: .tcp(host: "127.0.0.1", port: port), tls: settings, options: .init(),
                        events: .init(
                            opened: {
                                // From now on OpenSSL refuses to encrypt.
                                if let session = writer.stream?.session { SSL_shutdown(session.session) }
                                writer.isInside = true
                                var bytes = Array("PING\r\n".utf8)
                                writer.stream?.write(draining: &bytes)
                                writer.isInside = false
                            }, received: { _ in },
                            ended: { error in
                                #expect(!writer.isInside)
                                continuation.resume(returning: error)
                            }))
                    writer.stream?.open()
                }
            }
            // The server ends the connection as well, for its own reason: that would be EOF.
            #expect(error.code == "ETLS" && error.message.contains("protocol is shutdown"), "\(error)")
            await loop.shutDown()
        }
    }
}
