import SluiceHTTP
import Testing

@Suite(.timeLimit(.minutes(10)))
struct OriginTests {
    @Test(arguments: [
        ("http://Host/path", "host", 80, false), ("https://host", "host", 443, true), ("https://host:8443?q", "host", 8_443, true),
        ("http://user:pw@host:81/@other", "host", 81, false), ("http://[::1]:82/", "[::1]", 82, false),
        ("http://127.1/", "127.0.0.1", 80, false),
        ("HTTP://host#f", "host", 80, false),
    ])
    func `an origin is read as curl reads it`(url: String, host: String, port: Int, isSecure: Bool) throws {
        var cache = OriginCache()
        for _ in 0..<2 {
            let origin = try cache.origin(of: url)
            #expect(origin.host == host)
            #expect(Int(origin.port) == port)
            #expect(origin.isSecure == isSecure)
        }
    }

    @Test func `what follows the authority does not change the origin`() throws {
        var cache = OriginCache()
        let plain = try cache.origin(of: "http://host/a")
        for rest in ["/http://other/", "?x=//other", "#//other", "/..//other", "/a@other", ":80/x"] {
            let origin = try cache.origin(of: "http://host" + rest)
            #expect(origin == plain)
        }
        let other = try cache.origin(of: "http://host@other/")
        #expect(other.host == "other")
    }

    @Test(arguments: [
        ("http://127.0.0.1/", true), ("http://[::1]/", true), ("http://localhost/", false), ("http://1.2.3.4.example/", false),
    ])
    func `addresses need no lookup`(url: String, isAddress: Bool) throws {
        #expect(try Origin(url: url).isAddress == isAddress)
    }
}
