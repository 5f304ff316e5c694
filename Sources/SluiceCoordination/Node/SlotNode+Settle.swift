package import SluiceLoop

/// How the ledger learns what became of slots.
extension SlotNode {
    mutating func settleIfDue(now: Instant) {
        guard !isSettling, !hasGivenUp, let due = book.due, isStopped || due <= now else { return }
        let reports = book.take(now: now)
        guard !reports.isEmpty else { return }
        isSettling = true
        for report in reports where report.extends {
            let until = now.advanced(byMicroseconds: terms.life(hold: terms.hold))
            muster.memory.confirmed(report.grant.number, completed: [], unsent: 0, extendedTo: until)
        }
        effects.append(.settle(reports))
    }

    /// The request that carries reports, with ages as of the moment at which it is sent.
    package func settleRequest(_ reports: [SettleBook.Report], sentAt: Instant) -> SettleRequest {
        SettleRequest(
            node: id,
            entries: reports.map { report in
                SettleRequest.Entry(
                    mirror: report.mirror, number: report.grant.number, incarnation: lives.name(of: report.grant.life),
                    remaining: Int64(report.remaining),
                    completed: ages(of: report.settled.completed, at: terms.mirrors[report.mirror], sentAt: sentAt),
                    unsent: Int64(report.settled.unsent), answered: Int64(report.settled.answered),
                    failed: Int64(report.settled.failed), unreached: Int64(report.settled.unreached), latency: report.settled.latency,
                    extend: report.extends ? terms.hold : nil)
            })
    }

    /// How long ago requests completed, in µs. Where the ledger rounds releases itself, ages are rounded by the same step, to the younger
    /// side, so that equal ones travel and are entered as one.
    private func ages(of completed: Runs<Instant>, at rules: MirrorRules, sentAt: Instant) -> Runs<Int64> {
        let isPlenty = outlook?.isPlenty ?? false
        let step = rules.limits.map { $0.releaseStep(isPlenty: isPlenty) }.min() ?? 1
        guard step > 1 else { return completed.map { sentAt.microseconds(since: $0) } }
        return completed.map { instant in
            let age = sentAt.microseconds(since: instant)
            return age > 0 ? age - age % step : age
        }
    }

    mutating func answered(_ reports: [SettleBook.Report], _ result: Result<SettleReply, Failure>, now: Instant) {
        isSettling = false
        switch result {
        case .success(let reply) where reply.stamp.muster != nil || reply.stamp.isInDoubt:
            isLedgerFailing = false
            // A doubt is soon over.
            if isStopped, !reply.stamp.isInDoubt { lastReports -= 1 }
            heard(reply.stamp, now: now)
            book.failed(reports, retryAt: now.advanced(byMicroseconds: 50_000))
        case .success(let reply):
            isLedgerFailing = false
            heard(reply.stamp, now: now)
            // A follower hears better from its leader.
            if election == nil || board != nil || mode(now: now) == .direct {
                look(reply.mirrors, waiting: board?.waiting ?? 0, now: now)
            }
            book.confirmed(reports, now: now)
            remember(reports, now: now)
            // A settled slot may be free at once, for this node too.
            direct.nextAt = min(direct.nextAt, now)
        case .failure:
            isLedgerFailing = true
            if isStopped { lastReports -= 1 }
            book.failed(reports, retryAt: now.advanced(byMicroseconds: 50_000))
        }
    }

    private mutating func remember(_ reports: [SettleBook.Report], now: Instant) {
        for report in reports {
            let extendedTo = report.extends ? now.advanced(byMicroseconds: terms.life(hold: terms.hold)) : nil
            muster.memory.confirmed(
                report.grant.number, completed: report.settled.completed, unsent: report.settled.unsent, extendedTo: extendedTo)
        }
    }
}
