import Glibc
import Sluice

/// Takes and gives back between two instants, then prints `ASKED ACQUIRED RELEASED` of each acquisition, in µs of the host's
/// continuous clock, which all its processes share.
struct MeasuringRun {
    private let options: LockWorkerOptions
    private let pool: MirrorPool

    init(_ options: LockWorkerOptions, _ pool: MirrorPool) {
        self.options = options
        self.pool = pool
    }

    func run() async throws {
        let lock = try pool.lock(options.name, lease: options.lease)
        var lines: [String] = []
        // Connected and subscribed before the clock runs.
        try await pool.lock("warm-up:\(getpid())", lease: options.lease).withLock { _ in }
        try await Task.sleep(for: .microseconds(max(0, options.from - Self.now)))
        while true {
            let asked = Self.now
            if asked >= options.until { break }
            let permit = try await lock.acquire()
            let acquired = Self.now
            if options.hold > .zero { try await Task.sleep(for: options.hold) }
            let released = Self.now
            try await permit.release()
            lines.append("\(asked) \(acquired) \(released)")
            if options.think > .zero { try await Task.sleep(for: options.think) }
        }
        LockWorker.say(lines.joined(separator: "\n"))
    }

    private static var now: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
