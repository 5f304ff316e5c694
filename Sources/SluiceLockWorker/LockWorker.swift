import Glibc
import Sluice

/// One process that takes and gives back a lock or semaphore, over and over, through the public interface; for tests and for
/// `deploy/bench-locks`. Exit status 0: it did what it was told; 1: something failed; 2: its options make no sense.
enum LockWorker {
    static func main(_ arguments: [String]) async -> Int32 {
        let options: LockWorkerOptions
        do {
            options = try LockWorkerOptions(arguments)
        } catch {
            return complain("\(error)", status: 2)
        }
        do {
            let pool = try await MirrorPool(.locks(redis: options.redis))
            switch options.task {
            case .prove: try await ProvingRun(options, pool).run()
            case .measure:
                let run = MeasuringRun(options, pool)
                switch options.place {
                case .own: try await run.run()
                case .pool: try await Task(executorPreference: pool.executor) { try await run.run() }.value
                }
            }
            await pool.shutDown()
            return 0
        } catch {
            return complain("\(error)", status: 1)
        }
    }

    /// Writes whole lines, at once.
    static func say(_ text: String) {
        var bytes = Array((text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
            if count < 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private static func complain(_ text: String, status: Int32) -> Int32 {
        let bytes = Array("lock worker: \(text)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
        return status
    }
}
