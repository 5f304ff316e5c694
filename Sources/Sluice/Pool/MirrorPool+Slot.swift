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
        let core = core
        try await core.enter()
        let slot: Slot
        do {
            slot = try await onLoop { () async throws(SluiceError) in try await core.slot(options: options) }
        } catch {
            await core.leave()
            throw error
        }
        let keeping = Task(executorPreference: core.loop) { await core.keep(slot) }
        do {
            let result = try await body(core.mirrors[slot.mirror])
            await core.giveBack(slot, keeping)
            return result
        } catch {
            await core.giveBack(slot, keeping)
            throw error
        }
    }
}

extension PoolCore {
    /// A slot that can still be used.
    fileprivate func slot(options: CallOptions) async throws(SluiceError) -> Slot {
        let deadline = Instant.now.advanced(by: options.deadline ?? configuration.deadline)
        while true {
            do throws(CoordinationError) {
                let slot = try await coordinator.acquire(priority: SlotPriority(options.priority), deadline: deadline)
                if Instant.now < slot.sendBy { return slot }
                await coordinator.finish(slot, .unsent)
            } catch {
                throw SluiceError(error)
            }
        }
    }

    /// Renews a slot's hold until the task is cancelled.
    fileprivate func keep(_ slot: Slot) async {
        while !Task.isCancelled {
            guard (try? await loop.sleep(until: Instant.now.advanced(byMicroseconds: 1_000_000))) != nil else { return }
            await coordinator.extend(slot)
        }
    }

    fileprivate func giveBack(_ slot: Slot, _ keeping: Task<Void, Never>) async {
        keeping.cancel()
        await coordinator.finish(slot, .completed(.now))
        leave()
    }
}
