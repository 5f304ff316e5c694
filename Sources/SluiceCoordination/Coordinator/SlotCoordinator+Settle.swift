import SluiceLoop

/// How the ledger learns what became of slots.
extension SlotCoordinator {
    func settleIfDue(now: Instant) {
        guard settling == nil, !isStopped, let due = book.due, due <= now else { return }
        let reports = book.take(now: now)
        guard !reports.isEmpty else { return }
        settling = launch {
            await $0.settle(reports)
            $0.settling = nil
            $0.planTurn()
        }
    }

    private func settle(_ reports: [SettleBook.Report]) async {
        let sentAt = Instant.now
        let entries = reports.map { report in
            SettleRequest.Entry(
                mirror: report.mirror, number: report.grant.number, incarnation: lives.name(of: report.grant.life),
                remaining: Int64(report.remaining), completed: report.completed.map { sentAt.microseconds(since: $0) },
                unsent: Int64(report.unsent), extend: report.extends ? ledger.terms.hold : nil)
        }
        do throws(LedgerError) {
            _ = try await ledger.settle(SettleRequest(node: node, entries: entries))
            lastFailure = nil
            book.confirmed(reports, now: .now)
            // A settled slot may be free at once, for this node too.
            direct.nextAt = min(direct.nextAt, .now)
        } catch {
            lastFailure = error
            book.failed(reports, retryAt: Instant.now.advanced(byMicroseconds: 50_000))
        }
    }

    /// Reports all there is to report, at the node's end; gives up after two failures.
    func settleEverything() async {
        await settling?.value
        var failures = 0
        while failures < 2 {
            let reports = book.take(now: .now)
            guard !reports.isEmpty else { return }
            await settle(reports)
            if lastFailure != nil { failures += 1 }
        }
    }
}
