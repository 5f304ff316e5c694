import SluiceCoordination
import SluiceLoop

extension MirrorPool {
    /// Runs `body` with leave to send one request to one mirror, for those who bring their own client.
    ///
    /// The slot counts as used until `body` has ended, and for the mirror's window after that; its hold is renewed while
    /// `body` runs. Send at most one request in it, without retries and redirects, and without delay.
    /// - Throws: what `body` throws, or `SluiceError`.
    public func withSlot<Result>(
        options: CallOptions = CallOptions(), _ body: (Mirror) async throws -> Result
    ) async throws -> Result {
        let call = SlotCall(core, options)
        let slot = try await call.take()
        // Nobody waits for what follows: what became of a slot is told to the ledger later anyway.
        do {
            let result = try await body(core.mirrors[slot.mirror])
            call.giveBack(.answered(latency: nil))
            return result
        } catch {
            // What the body throws says nothing of the mirror.
            call.giveBack(.unknown)
            throw error
        }
    }
}

extension PoolCore {
    /// A body begins to hold a slot; its place among the others.
    func hold(_ slot: Slot) -> Int {
        let place = holds.add(slot, now: .now)
        renewHolds()
        return place
    }

    /// Sees to it that the slots in use are renewed: one timer for all of them, which rests while there are none.
    private func renewHolds() {
        guard renewal?.scheduledAt == nil else { return }
        let timer = renewal ?? LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.renewDue() } }
        renewal = timer
        timer.schedule(at: Instant.now.advanced(byMicroseconds: SlotHolds.interval))
    }

    private func renewDue() {
        for slot in holds.due(now: .now) { coordinator.assumeIsolated { $0.extend(slot) } }
        if !holds.isEmpty { renewHolds() }
    }
}
