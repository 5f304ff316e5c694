import Sluice
import SluiceCoordination
import SluiceLoop

/// What became of one request.
enum AttemptResult: Hashable {
    case answered
    /// Its slot ran out before it could leave.
    case tooLate
    /// The mirror refused for want of quota, and asked to be left alone for so long, or did not say.
    case refused(Int64?)
    case failed
}

/// Requests on the wire: each leaves only on a slot whose send-by has not passed, and reports when the mirror had surely counted it.
extension SimulatedNode {
    func send(_ slot: Slot, _ call: Call) {
        run.spend(slot, of: self)
        let given = present
        // The process may be stopped just here, between getting its slot and sending.
        run.timeline.plan(after: run.random.pick(run.scenario.pause)) { [self] in
            whenAwake { self.send(slot, call, given: given) }
        }
    }

    private func send(_ slot: Slot, _ call: Call, given: Instant) {
        let sent = present
        let isCancelled = call.fetch?.isCancelled ?? false
        guard !isCancelled, sent < slot.sendBy || run.has(.noSendBy) else { return finish(slot, .unsent, call, .tooLate, startedAt: given) }
        let mirror = run.mirrors[slot.mirror]
        if mirror.isDead || run.random.happens(run.scenario.connectFailure) {
            run.timeline.plan(after: 200) { self.whenAwake { self.finish(slot, .unsent, call, .failed, startedAt: given) } }
            return
        }
        run.trace { "\(self) sends to \(mirror.rules.name)" }
        let manner = mirror.manner
        let there = way(slowedBy: manner.slowness)
        let back = way(slowedBy: manner.slowness)
        // A request that is lost on a connection may all the same be delivered: the answer's fate says nothing.
        let isCounted = !run.random.happens(manner.hangsUpBefore)
        if let fetch = call.fetch {
            run.left(fetch, self)
            tell(fetch, isOnTheWay: true)
        }
        if isCounted { arrive(slot, after: there, for: call.fetch) }
        if run.has(.silentSecondSend), run.random.happens(0.05) { arrive(slot, after: there + 1_000) }
        var result = AttemptResult.answered
        var isCut = false
        if !isCounted || run.random.happens(manner.hangsUpAfter) {
            result = .failed
            isCut = true
        } else if run.random.happens(manner.hangs) {
            return end(slot, call, .failed, after: requestTimeout, isCut: true, given: given, sent: sent)
        } else if run.random.happens(manner.fails) {
            result = .failed
        } else if run.random.happens(manner.refuses) {
            result = .refused(manner.retryAfter)
        } else if run.random.happens(manner.redirects), run.has(.followsRedirects) {
            arrive(slot, after: there + back + way(slowedBy: manner.slowness))
        }
        var patience = requestTimeout
        if run.random.happens(run.scenario.hurry) { patience = run.random.pick(1...patience) }
        if there + back > patience { (result, isCut) = (.failed, true) }
        end(slot, call, result, after: min(there + back, patience), isCut: isCut, given: given, sent: sent)
    }

    private func way(slowedBy slowness: Int64) -> Int64 {
        min(run.random.latency(run.scenario.mirrorLatency) / 2 * slowness, requestTimeout + 900_000)
    }

    private func arrive(_ slot: Slot, after span: Int64, for fetch: KeyedFetch? = nil) {
        run.timeline.plan(after: span) { [run] in
            run.arrive(slot, self)
            if let fetch { fetch.version = run.present(fetch.key) }
        }
    }

    private func end(_ slot: Slot, _ call: Call, _ result: AttemptResult, after span: Int64, isCut: Bool, given: Instant, sent: Instant) {
        run.timeline.plan(after: span) { [self] in
            whenAwake { [self] in
                finish(slot, .completed(over(isCut: isCut, given: given, sent: sent)), call, result, startedAt: given)
            }
        }
    }

    /// When the request is said to have been over.
    private func over(isCut: Bool, given: Instant, sent: Instant) -> Instant {
        if run.has(.anchoredAtGrant) { return given }
        guard isCut, !run.has(.noAbortGuard) else { return present }
        return CutRequest.over(sentAt: sent, endedAt: present, timeout: requestTimeout)
    }

    private func finish(_ slot: Slot, _ outcome: SlotOutcome, _ call: Call, _ result: AttemptResult, startedAt: Instant) {
        let fare: SlotFare
        switch result {
        case .answered: fare = .answered(latency: present.microseconds(since: startedAt))
        case .failed: fare = .failed
        case .tooLate: fare = .unknown
        case .refused(let asked):
            // As in the fetcher: the pool hears of the refusal before its slot is over.
            return penalise(slot, asked) { [self] in
                apply(.finished(slot, outcome))
                attemptEnded(call, at: slot.mirror, result)
            }
        }
        apply(.finished(slot, outcome, fare))
        attemptEnded(call, at: slot.mirror, result)
    }

    // MARK: Slots that are kept

    /// As `withSlot` does: the request leaves at once, the body goes on for seconds, and the slot's hold is renewed meanwhile.
    func hold(_ slot: Slot) {
        run.spend(slot, of: self)
        guard present < slot.sendBy else {
            apply(.finished(slot, .unsent))
            return callAfterRest()
        }
        run.trace { "\(self) sends to \(self.run.mirrors[slot.mirror].rules.name), and keeps its slot" }
        arrive(slot, after: way(slowedBy: 1))
        let end = run.timeline.now + run.random.pick(requestTimeout + 1_000_000...max(6_000_000, requestTimeout + 1_000_000))
        keep(slot, until: end)
    }

    private func keep(_ slot: Slot, until end: Int64) {
        let now = run.timeline.now
        guard now < end else {
            apply(.finished(slot, .completed(present)))
            return callAfterRest()
        }
        run.timeline.plan(at: min(end, now + 1_000_000)) { [self] in
            whenAwake { [self] in
                if run.timeline.now < end { apply(.extended(slot)) }
                keep(slot, until: end)
            }
        }
    }
}
