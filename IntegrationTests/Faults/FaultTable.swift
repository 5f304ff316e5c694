import Foundation
import SluiceLoop
import Synchronization

/// The table of a test run: one line for each fault, printed as it is known; `deploy/faults` collects them.
enum FaultTable {
    /// One line.
    struct Row {
        var fault: String
        var processes: Int
        var calls: Int
        var lost: Int
        var violations: Int
        var figures: FaultFigures
    }

    private static let isHeaded = Mutex(false)
    private static let columns = [58, 5, 6, 5, 5, 8, 8, 9, 9]

    /// Prints a line, and before the first one the head.
    static func print(_ row: Row) {
        let figures = row.figures
        let isFirst = isHeaded.withLock { isHeaded in
            defer { isHeaded = true }
            return !isHeaded
        }
        if isFirst { say(["fault", "procs", "calls", "lost", "viol.", "requests", "used", "gap", "idle"]) }
        say([
            row.fault, "\(row.processes)", "\(row.calls)", "\(row.lost)", "\(row.violations)", "\(figures.requests)",
            String(format: "%.1f %%", figures.utilisation * 100), milliseconds(figures.longestGap), milliseconds(figures.longestIdle),
        ])
    }

    /// A figure that has a name of its own.
    static func print(_ fact: String) { Swift.print("fault | " + fact) }

    private static func milliseconds(_ span: Duration) -> String { "\(span.microseconds / 1_000) ms" }

    private static func say(_ cells: [String]) {
        let padded = zip(cells, columns).enumerated().map { index, cell in
            let blanks = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + blanks : blanks + cell.0
        }
        Swift.print("fault | " + padded.joined(separator: " "))
    }
}
