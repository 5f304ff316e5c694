import SluiceCommand
import SluiceLoop
import Testing

/// The demo's pure parts: what they decide is what the demo's exit status says.
@Suite struct DemoPartsTests {
    private func mirror(requests: Int = 2, worst: Int = 2, bans: Int = 0, violations: Int = 0, status: String = "200") throws
        -> MirrorReport
    {
        let text = """
            {"name": "a", "requests": \(requests), "violations": \(violations), "refused": 0, "strangers": 0, "bans": \(bans),
            "refused_while_banned": 0,
            "worst_window": [{"limit": 2, "window_ms": 6000, "worst": \(worst)}], "distinct_targets": 2, "duplicates": {},
            "statuses": {"\(status)": \(requests)}, "first_ms": null, "last_ms": null, "started_us": 0, "in_flight": 0, "in_flight_max": 1}
            """
        return try MirrorReport(json: Array(text.utf8))
    }

    /// One caller that wants two posts once.
    private func outcome(_ mirror: MirrorReport, _ lines: [String], flags: [String] = []) throws -> DemoOutcome {
        let options = try DemoOptions(arguments: ["--processes=1", "--callers=1", "--rounds=1", "--posts=2", "--todos=0"] + flags)
        var tally = CallTally()
        for line in lines { tally.note(try #require(WorkerLine(line[...])), of: 0) }
        return DemoOutcome(
            options: options, tally: tally, mirrors: [mirror], time: .seconds(1), ideal: .zero, elections: 1, replacements: 0)
    }

    private static let answered = ["call 1 0 0 mirror right 9 100", "call 1 0 1 mirror right 9 200"]

    @Test func `a clean run breaks nothing, and its table says so`() throws {
        let outcome = try outcome(mirror(), Self.answered)
        #expect(outcome.broken.isEmpty)
        #expect(DemoTable.text(outcome).hasSuffix("Every guarantee held.\n"))
    }

    @Test func `each broken guarantee is named`() throws {
        func broken(_ outcome: DemoOutcome) -> String { outcome.broken.joined(separator: "; ") }
        #expect(try broken(outcome(mirror(worst: 3), Self.answered)).contains("3 requests in a window that allows 2"))
        #expect(try broken(outcome(mirror(bans: 1), Self.answered)).contains("banned the pool"))
        #expect(try broken(outcome(mirror(violations: 1), Self.answered)).contains("over its limit"))
        #expect(try broken(outcome(mirror(status: "429"), Self.answered)).contains("answered 2 × 429"))
        #expect(try broken(outcome(mirror(requests: 3), Self.answered)).contains("3 requests were made for 2 needs"))
        #expect(try broken(outcome(mirror(requests: 1), Self.answered)).contains("1 requests cannot have answered 2 needs"))
        #expect(
            try broken(outcome(mirror(), [Self.answered[0], "failed 1 0 1 /posts/2: why"])).contains("1 call had no answer: /posts/2: why"))
        #expect(try broken(outcome(mirror(), [Self.answered[0], "call 1 0 1 redis wrong 9 200"])).contains("1 answer had a wrong body"))
        #expect(try broken(outcome(mirror(), Self.answered + [Self.answered[0]])).contains("answered twice"))
        #expect(try broken(outcome(mirror(), Self.answered, flags: ["--kill-leader"])).contains("no leader was found to kill"))
    }

    @Test func `a killed process excuses as many repeats as it has callers, and no more`() throws {
        var killed = try outcome(mirror(requests: 3), Self.answered, flags: ["--kill-leader"])
        killed.replacements = 1
        #expect(killed.broken.isEmpty)
        killed.mirrors = [try mirror(requests: 4)]
        #expect(killed.broken.count == 1)
    }

    @Test(arguments: [
        "ready", "done 3", "call 1 2 3 memory right 10 12345", "call 1 2 3 collapsed wrong 0 1", "failed 1 2 3 a sentence with blanks",
    ])
    func `a worker's line is read as it was written`(text: String) throws {
        #expect(try #require(WorkerLine(text[...])).text == text)
    }

    @Test(arguments: ["", "call", "call 1 2 3 nowhere right 10 5", "done x", "call 1 2 3 memory right 10"])
    func `a cut or foreign line is none`(text: String) { #expect(WorkerLine(text[...]) == nil) }

    @Test func `a worker's options travel as arguments`() throws {
        var options = WorkerOptions()
        options.redis = "redis://127.0.0.1:1"
        options.mirrors = ["http://127.0.0.1:2", "http://127.0.0.1:3"]
        options.items = [DemoItems("posts", 1...7), DemoItems("todos")]
        options.callers = 3
        options.rounds = 2
        options.divides = true
        options.seed = 5
        options.leads = false
        options.lease = .milliseconds(700)
        options.done = [1, 0, 2]
        let read = try WorkerOptions(arguments: options.arguments)
        #expect(read.arguments == options.arguments)
        #expect((0..<3).map { read.calls(of: $0) } == (0..<3).map { options.calls(of: $0) })
        #expect(Set((0..<3).flatMap { read.calls(of: $0) }) == Set(options.needs))
        #expect(read.callCount == 2 * 8)
    }

    @Test(arguments: [(60, 0), (61, 6), (240, 18), (300, 24), (301, 30)])
    func `the ideal time follows from the limits`(requests: Int, seconds: Int) throws {
        #expect(try DemoOptions(arguments: []).idealTime(requests: requests) == .seconds(seconds))
    }
}
