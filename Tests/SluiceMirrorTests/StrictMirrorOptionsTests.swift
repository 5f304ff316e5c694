import SluiceLoop
import SluiceMirror
import SluiceRandom
import SluiceServer
import Testing

struct StrictMirrorOptionsTests {
    @Test func `every option is read from text`() throws {
        var options = StrictMirrorOptions()
        let texts = [
            ("listen", "127.0.0.1:9001"), ("name", "a"), ("limit", "30/60s"), ("limit", "1000/1d"), ("block", "60s"),
            ("latency", "20ms..80ms"), ("posts", "240"), ("fail-every", "7"), ("retry-after", "3s"), ("max-age", "1m"),
            ("algorithm", "bucket:5"), ("strangers", "5/10s"), ("misbehave", "hang-up:3"),
        ]
        for (name, text) in texts { try options.set(name, to: text) }
        #expect(options.address.port == 9001)
        #expect(options.limits.map(\.description) == ["30/1m", "1000/1d"])
        #expect(options.block == .seconds(60))
        #expect(options.misbehaviour?.description == "hang-up:3")
        #expect(options.algorithm == .bucket(5))
        #expect(options.strangers?.description == "5/10s")
        #expect(options.latency.range == .milliseconds(20) ... .milliseconds(80))
        #expect((options.posts, options.failEvery) == (240, 7))
        #expect(options.retryAfter == .seconds(3))
        #expect(options.maxAge == .seconds(60))
        #expect(Set(StrictMirrorOptions.names.map(\.name)) == Set(texts.map(\.0)))
    }

    @Test(arguments: [
        ("limit", "30", "the slash is missing"), ("limit", "0/60s", "\"0\" is no count"), ("limit", "x/60s", "\"x\" is no count"),
        ("limit", "30/60", "the unit is missing"), ("limit", "30/0s", "the window is zero"), ("limit", "30/60s/1", "\"s/1\" is unknown"),
        ("limit", "-3/1s", "\"-3\" is no count"), ("latency", "80ms..20ms", "ends before it starts"),
        ("latency", "1ms..2ms..3ms", "two ends"),
        ("latency", "2h", "longer than 1h"), ("latency", "", "empty"), ("posts", "0", "\"0\" is no count"), ("posts", "1e9", "no count"),
        ("listen", "9001", "the port is missing"), ("listen", "127.0.0.1:70000", "0 to 65535"), ("listen", "nowhere:1", "no IP address"),
        ("listen", "::1:80", "brackets"), ("block", "soon", "start with a digit"), ("name", "a b", "is no name"),
        ("colour", "red", "limit"), ("algorithm", "bucket:0", "is no algorithm"), ("algorithm", "leaky", "log, counter, fixed, bucket"),
        ("strangers", "5", "the slash is missing"), ("misbehave", "sulk", "hang-up, hang, garbage"), ("misbehave", "hang:0", "is no count"),
    ])
    func `an impossible text is refused with the option, the text and the reason`(name: String, text: String, reason: String) {
        var options = StrictMirrorOptions()
        let error = #expect(throws: MirrorError.self) { try options.set(name, to: text) }
        #expect(error?.message.hasPrefix("--\(name): ") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a jittered latency stays in its range and reaches both halves`() throws {
        let latency = try MirrorLatency(text: "20ms..80ms")
        var generator = SeededGenerator(seed: 3)
        let drawn = (0..<1_000).map { _ in latency.draw(&generator) }
        #expect(drawn.allSatisfy { latency.range.contains($0) })
        #expect(drawn.contains { $0 < .milliseconds(35) })
        #expect(drawn.contains { $0 > .milliseconds(65) })
    }

    @Test(arguments: [("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:80", "[::1]:80"), ("localhost:1", "127.0.0.1:1"), (":0", "127.0.0.1:0")])
    func `a listen address is read and written`(text: String, written: String) throws {
        #expect(try ListenAddress(text: text).description == written)
    }
}
