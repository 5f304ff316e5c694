import SluiceCoordination
import SluiceLoop

extension MirrorPool {
    /// Runs `body` with leave to send one request to one mirror, for those who bring their own client.
    ///
    /// The slot counts as used until `body` has ended, and for the mirror's window after that; its hold is renewed while
    /// `body` runs. Send at most one request in it, without retries and redirects, and without delay.
    ///
    /// Where slots are held ahead, as they are for who asks again and again of mirrors with plenty to spare, one is taken on the caller's own thread,
    /// and the task is not suspended.
    /// - Throws: what `body` throws, or `SluiceError`.
    public func withSlot<Result>(
        options: CallOptions = CallOptions(), _ body: (Mirror) async throws -> Result
    ) async throws -> Result {
        let now = Instant.now
        // Who is cancelled is to hear of it, and gets no slot.
        let atOnce = Task.isCancelled ? nil : core.coordinator.takeAtOnce(now: now)
        let held: HeldSlot
        if let atOnce { held = atOnce } else { held = try await SlotCall(core, options, now: now).take() }
        do {
            let result = try await body(core.mirrors[held.slot.mirror])
            core.giveBack(held, .answered(latency: nil))
            return result
        } catch {
            // What the body throws says nothing of the mirror.
            core.giveBack(held, .unknown)
            throw error
        }
    }
}

extension PoolCore {
    /// A body has ended. Nobody waits for what follows: what became of a slot is told to the ledger later anyway.
    nonisolated func giveBack(_ held: HeldSlot, _ fare: SlotFare) {
        let isLast = coordinator.giveBack(held, at: .now, fare)
        if isLast { loop.execute { self.assumeIsolated { $0.checkIdle() } } }
    }
}
