import Glibc

/// How long a process has kept processors busy.
enum ProcessorTime {
    /// Seconds of all threads of this process so far.
    static var own: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

    /// Seconds of all threads of another process so far.
    /// - Throws: `BenchError` when it is gone.
    static func of(_ process: pid_t) throws(BenchError) -> Double {
        var clock = clockid_t()
        guard clock_getcpuclockid(process, &clock) == 0 else {
            throw BenchError("process \(process), which is measured, has ended; run the benchmark again")
        }
        return seconds(clock)
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        // A `timespec` by its two words: its members are in a module that cannot be imported by name.
        var time: (seconds: Int64, nanoseconds: Int64) = (0, 0)
        withUnsafeMutablePointer(to: &time) { pointer in
            _ = pointer.withMemoryRebound(to: timespec.self, capacity: 1) { clock_gettime(clock, $0) }
        }
        return Double(time.seconds) + Double(time.nanoseconds) / 1e9
    }
}
