import Sluice

/// A bound on parallel work over all processes: five requests to an API, at most one at a time, then at most five. Start as many
/// of this program as you like: the bounds hold for all of them together.
///
/// Needs `SLUICE_REDIS_URL` and `SLUICE_MIRRORS`; `deploy/example semaphore` starts both and this.
@main enum SemaphoreExample {
    static func main() async throws {
        let pool = try await MirrorPool(.fromEnvironment())
        for bound in [1, 5] {
            let semaphore = try await pool.semaphore("requests-\(bound)", permits: bound)
            let time = try await fiveRequests(to: pool, behind: semaphore)
            print("5 requests with bound \(bound): \(seconds(time))")
        }

        // Another process, or this one, may open it again: it is the same one.
        let again = try await pool.semaphore("requests-5", permits: 5)
        try await again.withPermit { print("opened again: requests-5 with \(again.permits) permits, and a permit taken") }
        do {
            _ = try await pool.semaphore("requests-5", permits: 3)
        } catch {
            print("opened with another number: \(error)")
        }
        await pool.shutDown()

        await withoutConnection()
    }

    private static func fiveRequests(to pool: MirrorPool, behind semaphore: DistributedSemaphore) async throws -> Duration {
        try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...5 {
                    group.addTask {
                        try await semaphore.withPermit {
                            // Sent whether or not it is cached: what is shown is the bound, not the cache.
                            let answer = try await pool.send(PoolRequest(method: "GET", path: "/posts/\(number)"))
                            guard answer.status == 200 else { throw SluiceError(.unsuccessfulStatus, "status \(answer.status)") }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Nobody listens there: the wish ends by its deadline, in an error that says why.
    private static func withoutConnection() async {
        do {
            let pool = try await MirrorPool(.locks(redis: "redis://127.0.0.1:1"))
            let start = ContinuousClock.now
            do {
                _ = try await pool.semaphore("requests-5", permits: 5, deadline: .milliseconds(300))
                print("without a connection: a semaphore, which cannot be")
            } catch {
                print("without a connection, after \(seconds(ContinuousClock.now - start)): \(error)")
            }
            await pool.shutDown()
        } catch {
            print("without a connection: \(error)")
        }
    }

    private static func seconds(_ time: Duration) -> String {
        let hundredths = (time / .milliseconds(10)).rounded()
        return "\(Int(hundredths) / 100).\(Int(hundredths) % 100 < 10 ? "0" : "")\(Int(hundredths) % 100) s"
    }
}
