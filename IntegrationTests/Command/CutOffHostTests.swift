import Foundation
import SluiceHarness
import Synchronization
import Testing

extension Integration {
    /// Processes that reach Redis, and none of the mirrors.
    struct CutOffHostTests {
        @Test func `a host that is cut off from the mirrors takes them from nobody else, and its own calls fail`() async throws {
            try await CommandScene.play(limit: "50/1s") { scene in
                let own = scene.environment.merging(["SLUICE_DEADLINE": "10s"]) { $1 }
                // Others are answered before it begins.
                #expect(try await Self.get((1...20).map { "/todos/\($0)" }, own).ending == .exited(0))
                // Nobody listens there: a firewall, a resolver or a lack of certificates would do the same.
                let nowhere = "http://127.0.0.1:1,limit=50/1s,name=a http://127.0.0.2:1,limit=50/1s,name=b"
                let cutOff = own.merging(["SLUICE_MIRRORS": nowhere, "SLUICE_DEADLINE": "5s"]) { $1 }
                let isOver = Atomic(false)
                async let complaints = {
                    var said = ""
                    while !isOver.load(ordering: .relaxed) {
                        said = try await Self.get((1...64).map { "/comments/\($0)" }, cutOff).standardError
                    }
                    return said
                }()
                let others = try await Self.get((1...100).flatMap { ["/posts/\($0)", "/todos/\($0 + 20)"] }, own)
                isOver.store(true, ordering: .relaxed)
                #expect(others.ending == .exited(0) && !others.standardError.contains("circuit"), "\(others.standardError)")
                #expect(try await complaints.contains("failed 4 times, last at"))
            }
        }

        private static func get(_ paths: [String], _ environment: [String: String?]) async throws -> ChildProcess {
            try await ChildProcess.run(CommandScene.program, ["get", "--concurrency", "64"] + paths, environment: environment)
        }
    }
}
