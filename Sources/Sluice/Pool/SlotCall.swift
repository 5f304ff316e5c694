import SluiceCoordination
import SluiceLoop

/// One call of `withSlot` for which no slot was within reach: asks for one on the loop's thread and hands it over to the caller's, without a
/// task of the loop's in between.
//
// @unchecked Sendable: what changes is touched by the caller before it asks and on the loop's thread from then on; the loop's inbox
// and the continuation order the two. @safe: the continuation, of the unchecked kind since the checked one costs an allocation a call,
// is taken out before it is resumed.
@safe final class SlotCall: SlotClaimant, @unchecked Sendable {
    private typealias Answer = Result<HeldSlot, SluiceError>

    private let core: PoolCore
    private let priority: SlotPriority
    private let deadline: Instant
    private var continuation: UnsafeContinuation<Answer, Never>?
    private var claim: UInt64?
    private var isWithdrawn = false

    init(_ core: PoolCore, _ options: CallOptions, now: Instant) {
        self.core = core
        priority = SlotPriority(options.priority)
        deadline = now.advanced(by: options.deadline ?? core.configuration.deadline)
    }

    /// Waits for a slot that can still be used. Call it once; when it returns, the slot must be given back.
    func take() async throws(SluiceError) -> HeldSlot {
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

    // MARK: On the loop's thread

    private func begin() {
        let entry = core.assumeIsolated { core in Result { () throws(SluiceError) in try core.enter() } }
        if case .failure(let error) = entry { return answer(.failure(error)) }
        // What was taken off the shelf for a moment may lie there again.
        if !isWithdrawn, let held = core.coordinator.takeAtOnce(now: .now) { end(.success(held)) } else { ask() }
    }

    private func ask() {
        // Withdrawn before there was a claim.
        if isWithdrawn { return end(.failure(SluiceError(.cancelled, "the caller's task was cancelled before it asked for a slot"))) }
        claim = core.coordinator.assumeIsolated { $0.claim(priority: priority, deadline: deadline, for: self) }
    }

    private func withdraw() {
        isWithdrawn = true
        if let claim { core.coordinator.assumeIsolated { $0.withdraw(claim) } }
    }

    func claimEnded(_ outcome: Result<Slot, CoordinationError>) {
        switch outcome {
        case .success(let slot) where Instant.now < slot.sendBy:
            end(.success(core.coordinator.assumeIsolated { $0.hold(slot) }))
        case .success(let slot):
            core.coordinator.assumeIsolated { $0.finish(slot, .unsent) }
            // Not at once: the claim that just ended may not have returned.
            core.loop.execute { self.ask() }
        case .failure(let error):
            end(.failure(SluiceError(error)))
        }
    }

    private func end(_ answer: Answer) {
        core.assumeIsolated { $0.leave() }
        self.answer(answer)
    }

    private func answer(_ answer: Answer) {
        let continuation = unsafe continuation
        unsafe self.continuation = nil
        unsafe continuation?.resume(returning: answer)
    }
}
