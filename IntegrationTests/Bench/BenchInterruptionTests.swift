import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `sluice bench` that somebody ends in the midst of it.
    struct BenchInterruptionTests {
        @Test(arguments: [("slots", SIGINT), ("http", SIGTERM), ("soak", SIGHUP), ("mission", SIGINT), ("redis", SIGTERM)])
        func `ended by a signal, it says so and leaves no process and no file behind`(subject: String, signal: Int32) async throws {
            let files = try TemporaryDirectory(label: "bench")
            let bench = try ChildProcess(try OwnProgram.besideThis, ["bench", subject], environment: ["TMPDIR": files.path])
            let limit = ContinuousClock.now + .seconds(30)
            // A server or worker, and the guard set over it; then a moment, so that something is being measured.
            var family: Set<Processes.Entry> = []
            while family.count < 2 {
                try #require(ContinuousClock.now < limit && bench.ending == nil, "\(bench.standardError)")
                family = Processes.descendants(of: bench.processIdentifier)
                try await Task.sleep(for: .milliseconds(5))
            }
            try await Task.sleep(for: .milliseconds(700))
            family = Processes.descendants(of: bench.processIdentifier)
            #expect(try !FileManager.default.contentsOfDirectory(atPath: files.path).isEmpty)

            let start = ContinuousClock.now
            bench.signal(signal)
            #expect(await bench.wait() == .exited(1))
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(bench.standardError == "sluice bench: interrupted; everything it had started is ended\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: files.path) == [])
            // The guards end by themselves.
            while !Processes.remaining(of: family).isEmpty {
                try #require(ContinuousClock.now < limit, "still there: \(Processes.remaining(of: family))")
                try await Task.sleep(for: .milliseconds(5))
            }
        }

        @Test func `a signal that it was started to ignore does not end it`() async throws {
            let command = "\(try OwnProgram.besideThis) bench redis --rounds 1 --span 100ms"
            let bench = try await ChildProcess.run("/bin/sh", ["-c", "trap '' HUP; \(command) & sleep 0.7; kill -HUP $! && wait $!"])
            #expect(bench.ending == .exited(0), "\(bench.standardError)")
        }
    }
}
