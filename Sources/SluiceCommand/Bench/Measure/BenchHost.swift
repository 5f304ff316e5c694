import Glibc

/// What the host was like while a benchmark ran: without it a figure says little.
struct BenchHost: Sendable {
    /// Processors.
    let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    /// How many processes wanted to run, a minute's average: at the start and at the end.
    private(set) var load: (before: Double, after: Double)
    /// Whether this program was built for speed.
    let isOptimised: Bool

    /// The host as a benchmark begins.
    init() {
        load = (Self.loadNow, 0)
        var isDebug = false
        // Evaluated in debug builds only.
        assert(
            {
                isDebug = true
                return true
            }())
        isOptimised = !isDebug
    }

    /// The benchmark is over.
    mutating func end() { load.after = Self.loadNow }

    /// `2 processors; load 0.4 before, 1.9 after; release build`.
    var text: String {
        "\(processors) processors; load \(BenchText.decimal(load.before, 1)) before, \(BenchText.decimal(load.after, 1)) after; "
            + (isOptimised ? "release build" : "debug build, so the figures mean nothing: build with -c release")
    }

    private static var loadNow: Double {
        var loads = [0.0]
        return getloadavg(&loads, 1) == 1 ? loads[0] : 0
    }
}
