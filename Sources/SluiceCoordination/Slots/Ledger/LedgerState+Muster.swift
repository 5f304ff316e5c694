/// How the model notices a loss, and what its members remember becomes the ledger again; the same as in the scripts.
extension LedgerState {
    /// The muster under way.
    struct Muster: Hashable, Sendable {
        /// Ledger time when the loss was noticed.
        var start: Int64
        /// Before this it cannot be ended.
        var until: Int64
        var memories: [String: GatherReply.Memory] = [:]
        /// Who has spoken; nil once somebody remembered something.
        var ignorant: Set<NodeID>? = []
    }

    static let mostLives = 16

    /// Begins a muster when the data may have lost something.
    /// - Returns: whether one was begun, and must be announced.
    mutating func noticeLoss(_ call: LedgerCall, at time: Reading, justBorn: Bool) -> Bool {
        guard call.muster > 0, meta != nil else { return false }
        // Whoever knows nothing asks whether anybody is there who does; as soon as one says so, all get the whole time.
        var begins = justBorn && beginMuster(call, for: call.knowledge == nil ? call.muster / 2 : call.muster, at: time)
        if let known = call.knowledge?.incarnation, known != meta!.incarnation, !meta!.lives.contains(known) {
            meta!.lives = Self.with(meta!.lives, known)
            meta!.lost = Self.with(meta!.lost, known)
            begins = beginMuster(call, for: call.muster, at: time) || begins
        }
        if let runID = call.runID, runID != meta!.runID {
            if meta!.runID != nil {
                meta!.lost = Self.with(meta!.lost, meta!.incarnation)
                // What was told in a muster under way was told before what is lost now: all are asked anew.
                muster = nil
                begins = beginMuster(call, for: call.muster, at: time) || begins
            }
            meta!.runID = runID
        }
        return begins
    }

    private static func with(_ names: [String], _ name: String) -> [String] {
        names.contains(name) ? names : Array(([name] + names).prefix(mostLives))
    }

    private mutating func beginMuster(_ call: LedgerCall, for span: Int64, at time: Reading) -> Bool {
        if muster != nil {
            prolong(call, at: time)
            return false
        }
        meta!.musters += 1
        muster = Muster(start: time.latest, until: time.present + span)
        return true
    }

    /// Somebody remembers something, or more may be lost: there is the whole time, and some for those who have just come.
    private mutating func prolong(_ call: LedgerCall, at time: Reading) {
        muster!.until = max(muster!.until, muster!.start + call.muster, time.present + call.muster / 2)
    }

    func notice(at now: Int64) -> MusterNotice? {
        guard let muster, let meta else { return nil }
        return MusterNotice(number: meta.musters, remaining: max(0, muster.until - now))
    }

    // MARK: Calls

    /// See `SlotLedger.copy`.
    package func copy(since version: Int64?, _ call: LedgerCall, at raw: Int64) -> CopyReply {
        var view = self
        var call = call
        let time = view.look(&call, at: raw)
        let isNew = meta != nil && muster == nil && meta!.version != version
        return CopyReply(stamp: stamp(time), copy: isNew ? whole(names: call.terms.mirrors, at: time) : nil)
    }

    /// See `SlotLedger.contribute`.
    package mutating func contribute(
        _ recollection: Recollection, of node: NodeID, to notice: MusterNotice, in incarnation: String, _ call: LedgerCall, at raw: Int64
    ) -> (stamp: LedgerStamp, messages: [LedgerMessage]) {
        var call = call
        let (time, messages) = begin(&call, at: raw)
        if muster != nil, meta!.musters == notice.number, meta!.incarnation == incarnation {
            let tag = String(node.tag)
            muster!.memories[tag] = GatherReply.Memory(tag: tag, now: time.now, latest: time.latest, recollection: recollection)
            if !recollection.isEmpty, muster!.ignorant != nil {
                muster!.ignorant = nil
                prolong(call, at: time)
            }
            // Nothing is known to be lost, and everybody who is there has said that he knows of nothing.
            muster!.ignorant?.insert(node)
            if let ignorant = muster!.ignorant, meta!.lost.isEmpty, listeners.isSubset(of: ignorant) {
                muster!.until = max(1, min(muster!.until, time.present + call.settling))
            }
        }
        return (stamp(time), messages)
    }

    /// See `SlotLedger.gather`.
    package func gather(_ call: LedgerCall, at raw: Int64) -> GatherReply {
        var view = self
        var call = call
        let time = view.look(&call, at: raw)
        let isDue = muster.map { time.now >= $0.until } ?? false
        let memories = isDue ? muster!.memories.values.sorted { $0.tag < $1.tag } : []
        return GatherReply(
            stamp: stamp(time), left: isDue ? whole(at: time) : nil, start: muster?.start ?? 0, lost: meta?.lost ?? [],
            memories: memories, count: memories.count)
    }

    /// See `SlotLedger.restore`.
    package mutating func restore(
        _ request: RestoreRequest, _ call: LedgerCall, at raw: Int64
    ) -> (reply: RestoreReply, messages: [LedgerMessage]) {
        var call = call
        let own = call.terms
        var (time, messages) = begin(&call, at: raw)
        let isDone =
            muster.map { time.now >= $0.until && $0.memories.count == request.memories } ?? false
            && meta!.musters == request.muster && meta!.incarnation == request.incarnation
        if isDone {
            for (name, ledger) in request.mirrors { mirrors[name] = ledger }
            muster = nil
            meta!.version = max(meta!.version, request.version)
            meta!.nextNumber = max(meta!.nextNumber, request.nextNumber)
            meta!.sealedUntil = max(meta!.sealedUntil, request.sealedUntil)
            meta!.lost = []
            for life in request.lives where life != meta!.incarnation { meta!.lives = Self.with(meta!.lives, life) }
            // By what the restored ledger says now.
            call.terms = own
            _ = takeIn(&call, at: time)
            messages.append(.freed)
        }
        return (RestoreReply(stamp: stamp(time), isDone: isDone, mirrors: statuses(call.terms, at: time)), messages)
    }

    /// - Parameter names: the mirrors that are meant; nil: all that the data knows of.
    private func whole(names rules: [MirrorRules]? = nil, at time: Reading) -> LedgerCopy {
        var copy = LedgerCopy(
            incarnation: meta!.incarnation, lives: meta!.lives, version: meta!.version, nextNumber: meta!.nextNumber, time: time.now)
        for name in rules?.map(\.name) ?? mirrors.filter({ !$0.value.announced.entries.isEmpty }).map(\.key) {
            var ledger = mirrors[name] ?? MirrorLedger()
            ledger.logs = ledger.logs.filter { !$0.value.records.isEmpty }
            // As the fields of the hash say it: its earliest end is that of the grants that are left.
            let grants = ledger.open.records
            ledger.open = OpenGrants()
            for grant in grants { ledger.open.append(grant) }
            copy.mirrors[name] = ledger
        }
        return copy
    }
}
