import SluiceLoop
import Testing

/// The arithmetic behind the table.
@Suite struct FaultFiguresTests {
    private func arrivals(_ milliseconds: Int...) -> [Instant] { milliseconds.map { Instant(microseconds: Int64($0) * 1_000) } }

    @Test func `a schedule that wastes nothing is used whole and never idle`() {
        let figures = FaultFigures(arrivals: [arrivals(0, 0, 1_000, 1_000, 2_000, 2_000)], count: 2, window: .seconds(1))
        #expect(figures.utilisation == 1)
        #expect((figures.requests, figures.longestGap, figures.longestIdle) == (6, .seconds(1), .zero))
    }

    @Test func `what a mirror would have accepted counts as idle, and what it would not does not`() {
        // Both mirrors are full until 1.0 and 1.2 s; the next arrival, wherever it goes, comes at 1.5 s.
        let figures = FaultFigures(arrivals: [arrivals(0, 100), arrivals(200, 300, 1_500)], count: 2, window: .seconds(1))
        #expect((figures.longestGap, figures.longestIdle) == (.milliseconds(1_200), .milliseconds(500)))
        #expect(figures.utilisation == 5.0 / (4 * 2.5))
    }

    @Test func `nothing is nothing`() {
        let figures = FaultFigures(arrivals: [[], []], count: 2, window: .seconds(1))
        #expect((figures.requests, figures.utilisation, figures.longestGap) == (0, 0, .zero))
    }
}
