import SluiceRandom
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct CacheKeyTests {
    @Test(arguments: [
        ("/posts/55", "/posts/55"),
        ("/", "/"),
        ("/posts?userId=1", "/posts?userId=1"),
        ("/u?b=2&a=1", "/u?a=1&b=2"),
        ("/u?a=2&a=1", "/u?a=1&a=2"),
        ("/u?a&a=&b", "/u?a&a=&b"),
        ("/u?&&a=1&", "/u?a=1"),
        ("/u?", "/u"),
        ("/%7euser/%41", "/~user/A"),
        ("/a%2fb", "/a%2Fb"),
        ("/é", "/%C3%A9"),
        ("/q?x=a%20b+c", "/q?x=a%20b+c"),
        ("/q?x=a/b?c", "/q?x=a/b?c"),
        ("/Case/Stays", "/Case/Stays"),
        ("/a//b", "/a//b"),
        ("/users/@me", "/users/@me"),
        ("/q?x={1|2}", "/q?x=%7B1%7C2%7D"),
    ])
    func `a target has one normal form`(target: String, normal: String) throws {
        let key = try CacheKey(target: target)
        #expect(key.target == normal)
        #expect(key.text == "GET:" + normal)
        #expect(CacheKey(text: key.text) == key)
        #expect(key.method == "GET")
    }

    @Test(arguments: [
        ("", CacheKeyError.Code.notAPath), ("posts", .notAPath), ("http://evil/x", .notAPath), ("@evil/x", .notAPath),
        ("user:pass@evil/", .notAPath), ("?a=1", .notAPath), ("*", .notAPath),
        ("//evil/x", .namesAHost), ("/\\evil", .forbiddenByte), ("\\\\evil", .notAPath),
        ("/a b", .forbiddenByte), ("/a\r\nHost: evil", .forbiddenByte), ("/a\u{0}", .forbiddenByte), ("/a?x=\n", .forbiddenByte),
        ("/a\u{7F}", .forbiddenByte), ("/a\tb", .forbiddenByte),
        ("/..", .dotSegment), ("/a/../../b", .dotSegment), ("/%2e%2e/b", .dotSegment), ("/a/.%2E/b", .dotSegment), ("/./a", .dotSegment),
        ("/a/..%2fb", .dotSegment), ("/a%5c..%5cb", .dotSegment), ("/a/..;x=1/b", .dotSegment),
        ("/a#b", .fragment), ("/a%", .brokenEscape), ("/a%2", .brokenEscape), ("/a?b=%zz", .brokenEscape),
        ("/" + String(repeating: "a", count: 8_192), .tooLong), ("/" + String(repeating: "é", count: 3_000), .tooLong),
    ])
    func `a target that would leave the mirror, or is not well formed, is refused`(target: String, code: CacheKeyError.Code) {
        let error = #expect(throws: CacheKeyError.self) { try CacheKey(target: target) }
        #expect(error?.code == code)
        #expect((error?.position ?? -1) >= 0)
    }

    @Test(arguments: ["", "GE T", "GET\r\n", "GET:", "ПОСТ"])
    func `a method that is no token is refused`(method: String) {
        let error = #expect(throws: CacheKeyError.self) { try CacheKey(method: method, target: "/") }
        #expect(error?.code == .badMethod)
    }

    @Test func `the error names the place`() {
        let error = #expect(throws: CacheKeyError.self) { try CacheKey(target: "/a?b=%zz&c") }
        #expect(error?.position == 5)
        #expect("\(error!)".contains("%25"))
    }

    @Test func `methods and paths make different keys, listed parameters do not`() throws {
        #expect(try CacheKey(method: "HEAD", target: "/a") != CacheKey(target: "/a"))
        #expect(try CacheKey(target: "/a") != CacheKey(target: "/a/"))
        #expect(try CacheKey(target: "/a?x") != CacheKey(target: "/a?x="))
        #expect(try CacheKey(target: "/a?x=1&utm_source=y&%75tm_source", dropping: ["utm_source"]) == CacheKey(target: "/a?x=1"))
        #expect(try CacheKey(target: "/a?caf%C3%A9=1", dropping: ["café"]).target == "/a")
    }

    @Test(arguments: 0..<20)
    func `normal forms are stable, blind to order, and never shared by distinct resources`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = ["a", "b", "a=", "a=1", "a=2", "b=%2f", "b=/", "c=%26", "x y", "é", "%41", "", "=", "=1", "a==", "%3D=1"]
        for _ in 0..<200 {
            let path =
                "/t"
                + (0..<Int.random(in: 0...3, using: &generator)).map { _ in ["p", "%70", "q%2F", "r"].randomElement(using: &generator)! }
                .joined(separator: "/")
            let query = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                pieces.randomElement(using: &generator)!.replacing(" ", with: "%20")
            }
            let key = try CacheKey(target: path + "?" + query.joined(separator: "&"))
            #expect(try CacheKey(target: key.target) == key)
            #expect(try CacheKey(target: path + "?" + query.shuffled(using: &generator).joined(separator: "&")) == key)
            // One more parameter, or another path, is another resource.
            #expect(try CacheKey(target: path + "?" + (query + ["z=\(seed)"]).joined(separator: "&")) != key)
            #expect(try CacheKey(target: path + "/s?" + query.joined(separator: "&")) != key)
            // The multiset of decoded parameters can be read back from the key.
            let meant = query.filter { !$0.isEmpty }.map(Self.decodedPair).sorted()
            let kept =
                key.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first.map(String.init) ?? ""
            #expect(kept.split(separator: "&").map { Self.decodedPair(String($0)) }.sorted() == meant)
        }
    }

    private static func decodedPair(_ text: String) -> String {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return halves.map { String(decoding: PercentEncoding.decoded(Array($0.utf8)[...]), as: UTF8.self) }.joined(separator: "\u{0}")
    }

    @Test(arguments: 0..<20)
    func `whatever comes from outside is refused or made harmless`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let noise = generator.bytes(upTo: 30, from: Array("/.%2eE5cf?&=;@:\\# a".utf8))
            let target = (Bool.random(using: &generator) ? "/" : "") + String(decoding: noise, as: UTF8.self)
            guard let key = try? CacheKey(target: target) else { continue }
            let sent = key.target
            #expect(sent.hasPrefix("/") && !sent.hasPrefix("//"))
            #expect(sent.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") })
            let path = sent.prefix { $0 != "?" }
            #expect(!path.split(separator: "/").contains { $0 == ".." || $0 == "." })
            #expect((try? CacheKey(target: sent)) == key)
        }
    }

    @Test(arguments: 0..<20)
    func `what is taken for a normal form as it comes is one`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var plain = 0
        for _ in 0..<2_000 {
            let noise = generator.bytes(upTo: 12, from: Array("/.;%2eE5cf?&=@:\\# a{~\u{7F}\u{1}é".utf8))
            let target = "/" + String(decoding: noise, as: UTF8.self)
            guard PlainTarget.isPlain(target) else { continue }
            plain += 1
            // Other methods are read the long way.
            #expect(try CacheKey(method: "HEAD", target: target).target == target)
            #expect(try CacheKey(target: target).text == "GET:" + target)
        }
        #expect(plain > 20)
        let longest = "/" + String(repeating: "a", count: 8_191)
        for target in ["/", "/posts/55", "/posts?userId=1", "/a/b.json", "/a?b=../c//d", "/a&b", longest] {
            #expect(PlainTarget.isPlain(target), "\(target)")
        }
        for target in ["", "a", "/?", "/a?b&c", "/a/.b", "/;/..", "//a", "/a?b?c", "/é", "/a%41", "/a b", longest + "a"] {
            #expect(!PlainTarget.isPlain(target), "\(target)")
        }
    }

    @Test func `a prefix covers the keys whose paths begin so, in whatever form they are written`() throws {
        let prefix = try KeyPrefix(path: "/a%7eb/c")
        for target in ["/a~b/c", "/a%7Eb/c/1?x=1", "/a~b/cd"] { #expect(try prefix.covers(CacheKey(target: target)), "\(target)") }
        for target in ["/a~b", "/a~b/", "/b", "/"] { #expect(try !prefix.covers(CacheKey(target: target)), "\(target)") }
        #expect(try KeyPrefix.everything.covers(CacheKey(target: "/")))
        #expect(try KeyPrefix(path: "/").covers(CacheKey(target: "/x?y")))
        // As it stands in Redis; what nobody can read is taken for the most that it may be.
        #expect(KeyPrefix(text: prefix.text) == prefix && prefix.text == "GET:/a~b/c")
        #expect(KeyPrefix(text: "").text == "" && KeyPrefix(text: "GE") == .everything)
        #expect(KeyPrefix(text: "GET:\u{301}/a").text == "GET:\u{301}/a")
        for path in ["", "a", "//a", "/a?b", "/a b", "/a#b", "/%zz"] {
            #expect(throws: CacheKeyError.self, "\(path)") { try KeyPrefix(path: path) }
        }
    }

    /// What a target means, read by other rules than the key's: its segments, and its parameters in no order.
    private struct Meaning: Hashable {
        var segments: [[UInt8]]
        var parameters: [[[UInt8]]]

        init(_ target: String) {
            let halves = Array(target.utf8).split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
            segments = halves[0].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Self.decoded)
            let query = halves.count > 1 ? halves[1] : []
            parameters = query.split(separator: UInt8(ascii: "&"))
                .map { $0.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded) }
                .sorted { left, right in left.flatMap { [0] + $0 }.lexicographicallyPrecedes(right.flatMap { [0] + $0 }) }
        }

        private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            var result: [UInt8] = []
            var rest = bytes
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                    result.append(code)
                    rest = rest.dropFirst(2)
                } else {
                    result.append(byte)
                }
            }
            return result
        }
    }

    @Test(arguments: 0..<5)
    func `two targets with one key always mean the same resource`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "/", "a", "b", "%61", "%2F", "%2f", "?", "&", "=", "%3D", "%26", "%3F", "+", "%2B", "%20", ";", "%C3%A9", "é", "A", "%25",
            "%2541",
        ]
        var meanings: [CacheKey: Meaning] = [:]
        var shared = 0
        for _ in 0..<3_000 {
            let target = "/" + (0..<Int.random(in: 0...6, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }.joined()
            guard let key = try? CacheKey(target: target) else { continue }
            let meaning = Meaning(target)
            if let other = meanings.updateValue(meaning, forKey: key) {
                shared += 1
                #expect(other == meaning, "\(target) has the key \(key) of another resource")
            }
        }
        #expect(shared > 50, "too few targets met in one key to show anything")
    }
}
