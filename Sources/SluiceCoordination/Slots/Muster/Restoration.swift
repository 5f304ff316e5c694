/// Makes a ledger out of what its members remember: the decision that ends a muster.
///
/// Of each life of the data that may have lost something, the newest copy that anybody has is the base. To it comes what became
/// since of the grants of those who spoke; they know it exactly. Grants of those who did not speak may have come back unused
/// and been given to others, or others may have got slots of which nobody speaks: all that is then left under the limits is
/// taken to have been given away just before the loss. These slots are *sealed*: one grant that nobody settles, which the
/// ledger takes for used when its time is over.
///
/// Why that is enough: the lost ledger never held more than the limit, and what is remembered was in it at the end. What is
/// forgotten is therefore no more than the limit less what is remembered. A copy's completed slots stay in a ledger until they
/// are released, and the open grants of a member that speaks are what it says, so both were in it. What may not have been, slots that
/// were reported as unused without an answer, is held but not counted.
package struct Restoration: Sendable {
    /// The owner of sealed slots, in the place of the random part of a node's name; no node has it.
    package static let sealTag: Substring = "sealed--"

    private let terms: LedgerTerms
    private let gathered: GatherReply
    private let now: Int64

    package init(_ gathered: GatherReply, terms: LedgerTerms) {
        self.gathered = gathered
        self.terms = terms
        now = gathered.stamp.time
    }

    /// One line of lives, each remembering the one before, and what is known of it.
    private struct Lineage {
        var names: Set<String>
        var isIntact = false
        var memories: [GatherReply.Memory] = []
        var copies: [(copy: LedgerCopy, shift: Int64)] = []
    }

    /// The request that ends the muster.
    package func request() -> RestoreRequest {
        var mirrors: [String: MirrorLedger] = [:]
        var next = nextNumber
        var isSealed = false
        let agreed = agreed()
        for lineage in lineages() {
            for (rules, announced) in agreed {
                mirrors[rules.name, default: MirrorLedger()].announced = announced
                var part = lineage.isIntact ? intact(lineage, rules) : restored(lineage, rules)
                if !lineage.isIntact, let sealed = part.forgotten(part.former ?? rules) {
                    isSealed = true
                    part.opens.append(
                        OpenGrants.Record(
                            number: next, tag: Self.sealTag, count: sealed, expiry: gathered.start + terms.life(hold: terms.hold)))
                    next += 1
                }
                mirrors[rules.name, default: MirrorLedger()].absorb(part.ledger, opens: part.opens, at: now)
            }
        }
        let longest = agreed.map(\.rules.longestMemory).max() ?? 0
        return RestoreRequest(
            muster: gathered.stamp.muster?.number ?? 0, incarnation: gathered.stamp.incarnation, memories: gathered.count,
            version: version, nextNumber: next, sealedUntil: isSealed ? gathered.start + terms.life(hold: terms.hold) + longest : 0,
            lives: lives, mirrors: mirrors)
    }

    // MARK: Who remembers what

    private var copies: [LedgerCopy] { gathered.memories.compactMap(\.recollection.copy) }

    private var lives: [String] {
        Set(gathered.memories.flatMap { [$0.recollection.incarnation] + ($0.recollection.copy?.lives ?? []) })
            .subtracting([gathered.stamp.incarnation]).sorted()
    }

    private var version: Int64 { (copies.map(\.version) + [gathered.left?.version ?? 0]).max()! + 1 }

    /// Far above every number that the lost ledger can have given since the last copy.
    private var nextNumber: Int64 {
        let known =
            copies.map(\.nextNumber) + gathered.memories.flatMap { $0.recollection.own.map { $0.number + 1 } }
            + [gathered.left?.nextNumber ?? 1]
        return known.max()! + 1_000_000
    }

    private func lineages() -> [Lineage] {
        var list = gathered.lost.map { Lineage(names: [$0]) }
        if let left = gathered.left {
            // Lives that the server only just heard of are not in its data.
            var here = Lineage(names: Set([left.incarnation] + left.lives).subtracting(gathered.lost))
            here.names.insert(left.incarnation)
            here.isIntact = !gathered.lost.contains(left.incarnation)
            here.copies = [(left, 0)]
            list.append(here)
        }
        for memory in gathered.memories {
            let recollection = memory.recollection
            var told = Lineage(names: [recollection.incarnation], memories: [memory])
            if let copy = recollection.copy {
                told.names.formUnion([copy.incarnation] + copy.lives)
                told.copies = [(copy, memory.latest - recollection.copyTime)]
            }
            list.append(told)
        }
        return list.reduce(into: [Lineage]()) { joined, next in
            var whole = next
            joined.removeAll { other in
                guard !other.names.isDisjoint(with: whole.names) else { return false }
                whole.names.formUnion(other.names)
                whole.isIntact = whole.isIntact || other.isIntact
                whole.memories = other.memories + whole.memories
                whole.copies = other.copies + whole.copies
                return true
            }
            joined.append(whole)
        }
    }

    // MARK: One mirror

    /// What counts for each mirror that anybody knows of: whoever ends the muster need not be configured with it.
    private func agreed() -> [(rules: MirrorRules, announced: Announcements)] {
        let known = lineages().flatMap(\.copies)
        let others = Set(known.flatMap { $0.copy.mirrors.keys }).subtracting(terms.mirrors.map(\.name))
        return (terms.mirrors.map(\.name) + others.sorted()).compactMap { name in
            var announced = Announcements()
            for (copy, shift) in known {
                for entry in copy.mirrors[name]?.announced.shifted(by: shift).entries ?? [] { announced.merge(entry) }
            }
            if let own = terms.mirrors.first(where: { $0.name == name }) {
                _ = announced.announce(own, now: now, latest: gathered.stamp.clock, isSure: !gathered.stamp.isInDoubt)
            }
            return announced.strictest.map { ($0, announced) }
        }
    }

    private struct Part {
        var ledger = MirrorLedger()
        /// What counted when the copy was made that it is based on.
        var former: MirrorRules?
        /// How old that copy is, at the most, in µs.
        var age = Int64.max
        var opens: [OpenGrants.Record] = []
        /// Slots that are held although the lost ledger may have given them to others as well.
        var doubtful: Int64 = 0

        /// How many slots nobody speaks of; nil for none.
        ///
        /// What was given since the copy is still in a window that reaches back to it. A shorter one may have been filled several times
        /// since, as often as it fits into that time, and once more.
        func forgotten(_ rules: MirrorRules) -> Int64? {
            let held = opens.reduce(0) { $0 + $1.count } - doubtful
            let bounds = rules.limits.map { limit in
                guard limit.window < age else { return limit.count - (ledger.logs[limit.window]?.sum ?? 0) - held }
                let (most, isBeyond) = limit.count.multipliedReportingOverflow(by: age / limit.window + 1)
                return isBeyond ? .max : most
            }
            // Never more than the longest can hold: what has left it counts nowhere.
            let longest = rules.limits.max { $0.window < $1.window }
            let left =
                longest.map { min(bounds.min()!, $0.count - (ledger.logs[$0.window]?.sum ?? 0) - held) }
                ?? rules.concurrency.map { $0 - held }
            return left.flatMap { $0 > 0 ? $0 : nil }
        }
    }

    /// Nothing of it is lost: it stays as it is.
    private func intact(_ lineage: Lineage, _ rules: MirrorRules) -> Part {
        let here = lineage.copies.first { $0.copy == gathered.left }?.copy.mirrors[rules.name] ?? MirrorLedger()
        var part = Part(ledger: here.withoutOpenGrants(), opens: here.open.records)
        part.ledger.adopt(rules, after: here.announced.strictest, at: now)
        return part
    }

    private func restored(_ lineage: Lineage, _ rules: MirrorRules) -> Part {
        var part = Part()
        let base = lineage.copies.reduce(nil as (copy: LedgerCopy, shift: Int64)?) { best, next in
            guard let best else { return next }
            return next.copy.isNewer(than: best.copy) ? next : best
        }
        if let base { part.age = max(0, now - base.copy.time - base.shift) }
        let known = base?.copy.mirrors[rules.name]?.shifted(by: base?.shift ?? 0)
        if let known {
            part.ledger = known.withoutOpenGrants()
            part.former = known.announced.strictest
            part.ledger.adopt(rules, after: part.former, at: now)
        }
        var unsettled: [String: [Int64: Int64]] = [:]
        let present = Set(lineage.memories.map(\.tag))
        for record in known?.open.records ?? [] {
            if record.tag == Self.sealTag {
                part.opens.append(record)
            } else if present.contains(String(record.tag)) {
                let memory = lineage.memories.first { $0.tag == record.tag }
                if memory?.recollection.own.contains(where: { $0.number == record.number }) == true {
                    unsettled[String(record.tag), default: [:]][record.number] = record.count
                } else {
                    // Its owner has not heard of it yet, and will find it.
                    part.opens.append(record)
                }
            }
        }
        for memory in lineage.memories {
            for own in memory.recollection.own where own.mirror == rules.name {
                let isNew = own.number >= base?.copy.nextNumber ?? .min
                guard let open = isNew ? own.count : unsettled[memory.tag]?[own.number] else { continue }
                add(own, open: open, of: memory, rules, to: &part)
            }
        }
        part.ledger.flush(at: now)
        part.ledger.purge(at: now, rules: rules)
        return part
    }

    /// One grant of a member that spoke.
    /// - Parameter open: how many of its slots were unsettled in the base.
    private func add(_ own: Recollection.Own, open: Int64, of memory: GatherReply.Memory, _ rules: MirrorRules, to part: inout Part) {
        let rest = max(0, own.count - Int64(own.settled.count))
        for run in own.settled.suffix(Int(max(0, open - rest))).runs {
            guard let age = run.value else { continue }
            part.ledger.charge(completion: memory.latest - age + LedgerTerms.drift(over: age), count: Int64(run.count), rules: rules)
        }
        guard rest > 0 else { return }
        part.opens.append(
            OpenGrants.Record(number: own.number, tag: Substring(memory.tag), count: rest, expiry: memory.latest + own.remaining))
        part.doubtful += min(rest, own.doubtful)
    }
}
