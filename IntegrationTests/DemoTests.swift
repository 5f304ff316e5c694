import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `sluice demo` as a user runs it.
    struct DemoTests {
        // The leader is looked for until the second window's requests leave: two seconds, since the machine may be slow.
        private static let small = [
            "--processes", "2", "--callers", "2", "--posts", "30", "--todos", "0", "--limit", "10/2s", "--latency", "5ms",
        ]

        @Test(arguments: [[], ["--no-leader"], ["--kill-leader"]])
        func `the demo ends with its table and status 0`(flags: [String]) async throws {
            let demo = try await ChildProcess.run(try OwnProgram.besideThis, ["demo"] + Self.small + flags)
            #expect(demo.ending == .exited(0), "\(demo.standardError)")
            #expect(demo.standardOutput.contains("240 of 240 answered"))
            #expect(demo.standardOutput.hasSuffix("\nEvery guarantee held.\n"))
        }

        @Test(arguments: [["--limit", "0/6s"], ["--processes", "none"], ["--what"], ["--limit"], ["--kill-leader", "--no-leader"]])
        func `wrong options end with status 2 and a sentence that names them`(options: [String]) async throws {
            let demo = try await ChildProcess.run(try OwnProgram.besideThis, ["demo"] + options)
            #expect(demo.ending == .exited(2))
            #expect(demo.standardError.contains(options[0]))
            #expect(demo.standardOutput.isEmpty)
        }

        @Test(arguments: [SIGINT, SIGTERM, SIGKILL])
        func `nothing of the demo runs on when it is ended`(signal: Int32) async throws {
            // Killed, it cannot take its files away.
            let files = try TemporaryDirectory(label: "demo")
            let demo = try ChildProcess(try OwnProgram.besideThis, ["demo", "--limit", "5/2s"], environment: ["TMPDIR": files.path])
            try await demo.waitForOutput(containing: "Look on with")
            var family: Set<Processes.Entry> = []
            let limit = ContinuousClock.now + .seconds(30)
            while family.count(where: { $0.commandLine.contains(DemoWorker.name) }) < 4 {
                try #require(ContinuousClock.now < limit)
                family = Processes.descendants(of: demo.processIdentifier)
                try await Task.sleep(for: .milliseconds(5))
            }
            demo.signal(signal)
            let ending = await demo.wait()
            #expect(signal == SIGKILL ? ending == .signalled(SIGKILL) : ending == .exited(1))
            if signal != SIGKILL {
                #expect(demo.standardError.hasSuffix("\nsluice demo: interrupted; everything it had started is ended\n"))
                #expect(try FileManager.default.contentsOfDirectory(atPath: files.path) == [])
            }
            // Killed, it leaves the ending of its children to their guards, which need a moment.
            while !Processes.remaining(of: family).isEmpty {
                try #require(ContinuousClock.now < limit, "still there: \(Processes.remaining(of: family))")
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}
