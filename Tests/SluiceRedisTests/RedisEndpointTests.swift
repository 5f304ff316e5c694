import SluiceLoop
import SluiceRandom
import SluiceRedis
import Testing

struct RedisEndpointTests {
    struct Case: CustomTestStringConvertible {
        let url: String
        let destination: ByteStream.Destination
        var user: String?
        var password: String?
        var database = 0
        var sentinels: Int?
        var master: String?
        var tls: TLSSettings?
        var testDescription: String { url }
    }

    @Test(arguments: [
        Case(url: "redis://localhost", destination: .tcp(host: "localhost", port: 6379)),
        Case(url: "redis://127.0.0.1:7000/3", destination: .tcp(host: "127.0.0.1", port: 7000), database: 3),
        Case(url: "REDIS://h/", destination: .tcp(host: "h", port: 6379)),
        Case(url: "redis://:se%40cret@h", destination: .tcp(host: "h", port: 6379), password: "se@cret"),
        Case(url: "redis://ann:p%3Aw@h:1/0", destination: .tcp(host: "h", port: 1), user: "ann", password: "p:w"),
        Case(url: "redis://ann@h", destination: .tcp(host: "h", port: 6379), user: "ann", password: ""),
        Case(url: "redis://[::1]:6380/1", destination: .tcp(host: "::1", port: 6380), database: 1),
        Case(url: "redis://[fe80::1]", destination: .tcp(host: "fe80::1", port: 6379)),
        Case(url: "rediss://h/2", destination: .tcp(host: "h", port: 6379), database: 2, tls: .init()),
        Case(
            url: "rediss://ann:pw@h:1?cacert=/a%20b.pem&cert=/c.pem&key=/k.pem", destination: .tcp(host: "h", port: 1), user: "ann",
            password: "pw", tls: .init(authorities: "/a b.pem", certificate: "/c.pem", key: "/k.pem")),
        Case(url: "redis+sentinel://h/main", destination: .tcp(host: "h", port: 26_379), sentinels: 1, master: "main"),
        Case(
            url: "redis+sentinel://ann:pw@h:1,[::1]:2,i/a%20b/3", destination: .tcp(host: "h", port: 1), user: "ann", password: "pw",
            database: 3, sentinels: 3, master: "a b"),
        Case(url: "unix:///run/redis.sock", destination: .unix(path: "/run/redis.sock")),
        Case(url: "unix:///run/a%20b.sock?db=2", destination: .unix(path: "/run/a b.sock"), database: 2),
        Case(url: "redis+unix://:pw@/r.sock", destination: .unix(path: "/r.sock"), password: "pw"),
    ])
    func `a URL says where, who and which database`(_ expected: Case) throws {
        let endpoint = try RedisEndpoint(url: expected.url)
        #expect(endpoint.destination == expected.destination)
        #expect(endpoint.user == expected.user)
        #expect(endpoint.password == expected.password)
        #expect(endpoint.database == expected.database)
        #expect(endpoint.sentinels?.addresses.count == expected.sentinels)
        #expect(endpoint.sentinels?.master == expected.master)
        #expect(endpoint.tls == expected.tls)
    }

    @Test(arguments: [
        ("localhost:6379", "no scheme"), ("rediss://h?verify=no", "cacert"), ("rediss://h?key=/k", "certificate"),
        ("rediss://h?cacert=", "file"), ("redis+sentinel://h", "master"), ("redis+sentinel:///m", "host"),
        ("redis+sentinel://h,/m", "host"),
        ("redis+sentinel://h/m/x", "database"), ("redis+sentinel://h/m?db=1", "query"), ("http://h", "unknown"),
        ("redis://", "host"), ("redis://h:0", "port"), ("redis://h:65536", "port"), ("redis://h:x", "port"), ("redis://::1", "port"),
        ("redis://[::1", "bracket"), ("redis://h/-1", "database"), ("redis://h/+1", "database"), ("redis://h/a", "database"),
        ("redis://h/0?x=1", "query"), ("redis://h%2", "percent"), ("redis://h%ff", "UTF-8"), ("unix://run/redis.sock", "slashes"),
        ("unix://run", "absolute"), ("unix:///r?database=1", "db=number"), ("unix:///" + String(repeating: "x", count: 107), "107"),
        ("redis://bücher.example", "xn--"), ("redis://a%00b", "xn--"), ("redis://a b", "xn--"), ("redis://u:top/secret@h:x", "database"),
    ])
    func `a URL that cannot be used is refused with the reason`(_ url: String, _ reason: String) {
        let error = #expect(throws: RedisError.self) { try RedisEndpoint(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.message.contains("secret") == false)
    }

    @Test func `no description shows a password`() throws {
        for url in [
            "redis://ann:secret@h:1/2", "unix://ann:secret@/r.sock", "redis+sentinel://ann:secret@h,i:1/m/2", "rediss://ann:secret@h",
        ] {
            #expect(!(try RedisEndpoint(url: url).description.contains("secret")))
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `random URLs are read or refused, never fatal`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("redis://unix@:[]%/?#=db09af\u{e9} ")
        for _ in 0..<5_000 {
            let tail = String((0..<Int.random(in: 0...20, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! })
            _ = try? RedisEndpoint(
                url: ["redis://", "rediss://", "unix://", "redis+sentinel://", ""].randomElement(using: &generator)! + tail)
        }
    }
}
