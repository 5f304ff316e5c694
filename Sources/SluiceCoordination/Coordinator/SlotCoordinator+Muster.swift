import SluiceLoop

/// How the ledger is remembered and restored.
extension SlotCoordinator {
    func copy(since version: Int64?) async {
        apply(.copied(await outcome { () async throws(LedgerError) in try await self.ledger.copy(since: version) }))
    }

    func contribute(to notice: MusterNotice, in incarnation: String) async {
        let told = node.recollection(sentAt: .now) ?? Recollection(incarnation: incarnation, copy: nil, copyTime: 0, own: [])
        let result = await outcome { () async throws(LedgerError) in
            try await self.ledger.contribute(told, of: self.id, to: notice, in: incarnation)
        }
        apply(.contributed(notice, result))
    }

    func gather() async {
        apply(.gathered(await outcome { () async throws(LedgerError) in try await self.ledger.gather() }))
    }

    func restore(_ request: RestoreRequest) async {
        apply(.restored(await outcome { () async throws(LedgerError) in try await self.ledger.restore(request) }))
    }
}
