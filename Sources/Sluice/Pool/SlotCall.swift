import SluiceCoordination
import SluiceLoop

/// One call of `withSlot`: asks for a slot on the loop's thread and hands it over to the caller's, without a task of the loop's
/// in between. A caller costs the loop two closures, one to ask and one to give back.
//
// @unchecked Sendable: what changes is touched by the caller before it asks and on the loop's thread from then on; the loop's inbox
// and the continuation order the two. @safe: the continuation, of the unchecked kind since the checked one costs an allocation a call,
// is taken out before it is resumed.
@safe final class SlotCall: SlotClaimant, @unchecked Sendable {
    private typealias Answer = Result<Slot, SluiceError>

    private let core: PoolCore
    private let priority: SlotPriority
    private let deadline: Instant
    private var continuation: UnsafeContinuation<Answer, Never>?
    private var claim: UInt64?
    private var isWithdrawn = false
    private var held: (slot: Slot, place: Int)?
    private var endedAt = Instant.distantFuture

    init(_ core: PoolCore, _ options: CallOptions) {
        self.core = core
        priority = SlotPriority(options.priority)
        deadline = Instant.now.advanced(by: options.deadline ?? core.configuration.deadline)
    }

    /// Waits for a slot that can still be used. Call it once; `giveBack` must follow when it returns.
    func take() async throws(SluiceError) -> Slot {
        let answer = await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Answer, Never>) in
                unsafe self.continuation = unsafe continuation
                core.loop.execute { self.begin() }
            }
        } onCancel: {
            core.loop.execute { self.withdraw() }
        }
        return try answer.get()
    }

    /// The body has ended.
    func giveBack(_ fare: SlotFare) {
        endedAt = .now
        core.loop.execute { self.returnSlot(fare) }
    }

    // MARK: On the loop's thread

    private func begin() {
        let entry = core.assumeIsolated { core in Result { () throws(SluiceError) in try core.enter() } }
        switch entry {
        case .success: ask()
        case .failure(let error): answer(.failure(error))
        }
    }

    private func ask() {
        claim = core.coordinator.assumeIsolated { $0.claim(priority: priority, deadline: deadline, for: self) }
        // A task that was cancelled before this call began withdrew nothing.
        if isWithdrawn { withdraw() }
    }

    private func withdraw() {
        isWithdrawn = true
        if let claim { core.coordinator.assumeIsolated { $0.withdraw(claim) } }
    }

    func claimEnded(_ outcome: Result<Slot, CoordinationError>) {
        switch outcome {
        case .success(let slot) where Instant.now < slot.sendBy:
            held = (slot, core.assumeIsolated { $0.hold(slot) })
            answer(.success(slot))
        case .success(let slot):
            core.coordinator.assumeIsolated { $0.finish(slot, .unsent) }
            // Not at once: the claim that just ended may not have returned.
            core.loop.execute { self.ask() }
        case .failure(let error):
            core.assumeIsolated { $0.leave() }
            answer(.failure(SluiceError(error)))
        }
    }

    private func returnSlot(_ fare: SlotFare) {
        guard let held else { return }
        self.held = nil
        core.assumeIsolated { core in
            core.holds.remove(held.place)
            core.leave()
        }
        core.coordinator.assumeIsolated { $0.finish(held.slot, .completed(endedAt), fare) }
    }

    private func answer(_ answer: Answer) {
        let continuation = unsafe continuation
        unsafe self.continuation = nil
        unsafe continuation?.resume(returning: answer)
    }
}
