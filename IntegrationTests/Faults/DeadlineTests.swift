import SluiceCommand
import SluiceLoop
import Testing

extension Integration {
    /// G5 with far more callers than slots.
    struct DeadlineTests {
        @Test func `ten thousand callers of whom few can be served are each answered or refused by their deadline`() async throws {
            let (count, window, deadline) = (20, Duration.seconds(2), Duration.seconds(8))
            try await Scene.play(limit: "\(count)/2s", latency: "5ms", posts: 10_000) { scene in
                let workers = (0..<4).map { index in
                    scene.worker([DemoItems("posts", (index * 2_500 + 1)...(index * 2_500 + 2_500))]) {
                        $0.callers = 2_500
                        $0.divides = true
                        $0.deadline = deadline
                        $0.spreads = true
                    }
                }
                let crew = try await scene.crew(workers)
                await crew.go()
                let tally = try await scene.finish(crew)
                let arrivals = try await scene.arrivals()
                let figures = FaultFigures(arrivals: arrivals, count: count, window: window)
                let refusals = tally.failures.map { Refusal($0) }
                let late = refusals.map { $0.took - $0.deadline }.max() ?? 0
                let soonest = refusals.filter { $0.took < $0.deadline / 2 }.count
                FaultTable.print(
                    .init(
                        fault: "10,000 callers, deadlines up to \(deadline.text)", processes: 4, calls: 10_000,
                        lost: 10_000 - tally.calls - refusals.count,
                        violations: try await scene.stage.reports().reduce(0) { $0 + $1.violations }, figures: figures))
                FaultTable.print(
                    "10,000 callers: \(tally.calls) answered, \(refusals.count) refused, \(soonest) of them before half of their time; the latest \(late) ms after its deadline"
                )
                #expect(tally.calls + refusals.count == 10_000)
                #expect(tally.wrong == 0)
                // What the limits allow from the first call to the last deadline, and no less than the first windows.
                #expect(tally.calls >= 2 * count * 3)
                // In its first moments a process knows nothing of the ledger, and cannot tell; it may not even have been answered.
                let settled = zip(refusals, tally.failures).filter { $0.0.deadline > 2_000 }
                let odd = settled.filter { !["noSlotInTime", "deadlineExceeded"].contains($0.0.code) }.map(\.1)
                #expect(odd.isEmpty, "\(odd.count) were refused for another reason: \(odd.prefix(3))")
                // When to come back is told from the first refusal on, whatever is known by then.
                let untold = zip(refusals, tally.failures).filter { $0.0.code == "noSlotInTime" && $0.0.back == nil }.map(\.1)
                #expect(untold.isEmpty, "\(untold.count) were not told when to come back: \(untold.prefix(3))")
                // By its deadline, give or take what a machine under the load of ten thousand tasks needs to say so.
                #expect(late < 2_000)
            }
        }
    }
}

/// A failed call, as a worker tells it.
private struct Refusal {
    let code: String
    let took: Int
    let deadline: Int
    let back: Int?

    init(_ message: String) {
        let parts = message.split(separator: " ").map { $0.trimmingPrefix("[").filter { $0 != "," && $0 != "]" && $0 != ":" } }
        code = parts.count > 1 ? String(parts[1]) : ""
        let end = Array(parts.suffix(7))
        took = end.count == 7 ? Int(end[1]) ?? .max / 2 : .max / 2
        deadline = end.count == 7 ? Int(end[3]) ?? 0 : 0
        back = end.count == 7 ? Int(end[6]) : nil
    }
}
