import Glibc
import Sluice

/// Takes and gives back so many times; a witness sees each entry and each leaving. What went wrong on the way is counted, printed, and
/// tried again: leases lost, entries and leavings that the witness refused since a higher token had been there.
struct ProvingRun {
    private let options: LockWorkerOptions
    private let pool: MirrorPool

    init(_ options: LockWorkerOptions, _ pool: MirrorPool) {
        self.options = options
        self.pool = pool
    }

    /// One worker's connection, used by one body at a time.
    //
    // @unchecked Sendable: the bodies of one worker follow one another.
    private final class Line: @unchecked Sendable {
        let witness: WitnessLine
        var fenced = 0

        init(_ witness: WitnessLine) { self.witness = witness }

        func show(_ what: String, _ token: Int64) throws {
            let answer = try witness.say("\(what) \(token)")
            guard answer != "ok" else { return }
            guard answer == "fenced" else { throw WitnessLine.Failure(description: "the witness said “\(answer)” to \(what) \(token)") }
            fenced += 1
        }
    }

    func run() async throws {
        let line = Line(try WitnessLine(port: options.witness))
        let run: @Sendable (_ body: @escaping @Sendable (Int64) async throws -> Void) async throws -> Void
        if options.permits == 1 {
            let lock = try pool.lock(options.name, lease: options.lease)
            run = { body in try await lock.withLock(body) }
        } else {
            let semaphore = try await pool.semaphore(options.name, permits: options.permits, lease: options.lease)
            run = { body in
                let permit = try await semaphore.acquire()
                try await body(permit.token)
                try await permit.release()
            }
        }
        // Answered when all are there.
        _ = try line.witness.say("hello \(getpid())")
        var done = 0
        var lost = 0
        let hold = options.hold
        while done < options.count {
            do {
                try await run { token in
                    try line.show("enter", token)
                    if hold > .zero { try? await Task.sleep(for: hold) }
                    try line.show("leave", token)
                }
                done += 1
            } catch let error as SluiceError where error.code == .leaseLost {
                lost += 1
            }
        }
        LockWorker.say("done \(done) lost \(lost) fenced \(line.fenced)")
    }
}
