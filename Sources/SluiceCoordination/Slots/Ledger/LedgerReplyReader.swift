package import SluiceRedis

/// Reads the replies of the ledger's scripts, in the forms that their headers give.
///
/// What it reads comes from outside: anything that is not of the form ends in a `.malformedReply`.
package struct LedgerReplyReader {
    private let elements: [RedisValue]
    private let script: String
    private var next = 0

    /// - Parameter script: its name, for the message.
    package init(_ value: RedisValue, of script: String) throws(LedgerError) {
        self.script = script
        guard let elements = value.array else { throw Self.malformed(script, "it is no array") }
        self.elements = elements
    }

    package mutating func reserveReply(demands: Int, mirrors: Int) throws(LedgerError) -> ReserveReply {
        let stamp = try stamp()
        let outcome = try number()
        let epoch = try number()
        var grants = [[Grant]](repeating: [], count: demands)
        let flat = try numbers()
        guard flat.count % 4 == 0 else { throw Self.malformed(script, "its grants are not in fours") }
        for at in stride(from: 0, to: flat.count, by: 4) {
            guard grants.indices.contains(Int(clamping: flat[at])), (0..<Int64(mirrors)).contains(flat[at + 1]), flat[at + 3] > 0 else {
                throw Self.malformed(script, "a grant names no demand or no mirror of the call")
            }
            grants[Int(flat[at])].append(Grant(mirror: Int(flat[at + 1]), number: flat[at + 2], count: flat[at + 3]))
        }
        let outcomes: [ReserveReply.Outcome] = [.granted, .staleEpoch(current: epoch), .queueWithLeader, .mustering]
        guard outcomes.indices.contains(Int(clamping: outcome)) else { throw Self.malformed(script, "outcome \(outcome) is unknown") }
        return ReserveReply(stamp: stamp, outcome: outcomes[Int(outcome)], grants: grants, mirrors: try statuses(mirrors))
    }

    package mutating func settleReply(mirrors: Int) throws(LedgerError) -> SettleReply {
        let stamp = try stamp()
        let applied = Int(clamping: try number())
        let foreign = Int(clamping: try number())
        return SettleReply(stamp: stamp, applied: applied, foreign: foreign, mirrors: try statuses(mirrors))
    }

    package mutating func penaliseReply(mirrors: Int) throws(LedgerError) -> PenaliseReply {
        PenaliseReply(stamp: try stamp(), mirrors: try statuses(mirrors))
    }

    package mutating func pullReply(mirrors: Int) throws(LedgerError) -> PullReply {
        let stamp = try stamp()
        let flat = try numbers()
        guard flat.count % 4 == 0 else { throw Self.malformed(script, "its grants are not in fours") }
        var held: [PullReply.Held] = []
        for at in stride(from: 0, to: flat.count, by: 4) {
            guard (0..<Int64(mirrors)).contains(flat[at]), flat[at + 2] > 0 else {
                throw Self.malformed(script, "a grant names no mirror of the call")
            }
            let grant = Grant(mirror: Int(flat[at]), number: flat[at + 1], count: flat[at + 2])
            held.append(PullReply.Held(grant: grant, life: flat[at + 3]))
        }
        return PullReply(stamp: stamp, held: held)
    }

    package mutating func inspectReply(mirrors: Int) throws(LedgerError) -> InspectReply {
        let stamp = try stamp()
        var list: [InspectReply.Mirror] = []
        for part in try array(count: mirrors) {
            var reader = try LedgerReplyReader(part, of: script)
            let status = try Self.status(try reader.numbers(), script)
            let counts = try reader.numbers()
            guard counts.count == 5 else { throw Self.malformed(script, "a mirror has not five counters") }
            var counters = MirrorCounters()
            (counters.granted, counters.settled, counters.unsent) = (counts[0], counts[1], counts[2])
            (counters.expired, counters.throttled) = (counts[3], counts[4])
            list.append(
                InspectReply.Mirror(
                    status: status, counters: counters, used: try reader.numbers(), effectiveLimit: try reader.number(),
                    latency: try reader.number()))
        }
        return InspectReply(stamp: stamp, mirrors: list)
    }

    /// The reply of `contribute.lua`.
    package mutating func contributeReply() throws(LedgerError) -> LedgerStamp { try stamp() }

    package mutating func copyReply(terms: LedgerTerms) throws(LedgerError) -> CopyReply {
        let stamp = try stamp()
        return CopyReply(stamp: stamp, copy: try copy(stamp, terms))
    }

    package mutating func gatherReply(terms: LedgerTerms) throws(LedgerError) -> GatherReply {
        let stamp = try stamp()
        let left = try copy(stamp, terms)
        let start = try number()
        let lost = try words()
        guard let flat = try element().array, flat.count % 2 == 0 else { throw Self.malformed(script, "its memories are not in twos") }
        var memories: [GatherReply.Memory] = []
        for at in stride(from: 0, to: flat.count, by: 2) {
            guard let tag = flat[at].string, let bytes = flat[at + 1].bytes else { throw Self.malformed(script, "a memory is no string") }
            // One that cannot be read is as good as none: what it would have told is withheld.
            guard let memory = GatherReply.Memory(tag: tag, bytes) else { continue }
            memories.append(memory)
        }
        return GatherReply(stamp: stamp, left: left, start: start, lost: lost, memories: memories, count: flat.count / 2)
    }

    package mutating func restoreReply(mirrors: Int) throws(LedgerError) -> RestoreReply {
        let stamp = try stamp()
        return RestoreReply(stamp: stamp, isDone: try number() == 1, mirrors: try statuses(mirrors))
    }

    /// The ledger's fields; nil when the reply holds none.
    private mutating func copy(_ stamp: LedgerStamp, _ terms: LedgerTerms) throws(LedgerError) -> LedgerCopy? {
        let lives = try words()
        let version = try number()
        let nextNumber = try number()
        guard let parts = try element().array else { throw Self.malformed(script, "the mirrors are no list") }
        guard !parts.isEmpty else { return nil }
        var copy = LedgerCopy(
            incarnation: stamp.incarnation, lives: lives, version: version, nextNumber: nextNumber, time: stamp.time)
        for part in parts {
            let fields = (part.array ?? []).map { $0.bytes ?? [] }
            let name = fields.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let own = terms.mirrors.first { $0.name == name }?.limits.map(\.window)
            guard let known = MirrorFields(Array(fields.dropFirst())),
                let ledger = known.ledger(of: name, windows: known.windows(of: name) ?? own ?? [])
            else {
                throw Self.malformed(script, "the fields of mirror \(name) are not what they should be")
            }
            copy.mirrors[name] = ledger
        }
        return copy
    }

    // MARK: Elements

    private mutating func words() throws(LedgerError) -> [String] {
        guard let text = try element().string else { throw Self.malformed(script, "a list of names is no string") }
        return text.split(separator: " ").map(String.init)
    }

    /// So many texts.
    mutating func texts(_ count: Int) throws(LedgerError) -> [String] {
        let texts = try array(count: count).map(\.string)
        guard !texts.contains(nil) else { throw Self.malformed(script, "a text is missing") }
        return texts.compactMap { $0 }
    }

    mutating func stamp() throws(LedgerError) -> LedgerStamp {
        let time = try number()
        let clock = try number()
        let frame = try number()
        let isInDoubt = try number() != 0
        guard let incarnation = try element().string else { throw Self.malformed(script, "its incarnation is no string") }
        let muster = try number()
        let remaining = try number()
        return LedgerStamp(
            time: time, clock: clock, frame: frame, isInDoubt: isInDoubt, incarnation: incarnation,
            muster: muster > 0 ? MusterNotice(number: muster, remaining: remaining) : nil)
    }

    private mutating func statuses(_ count: Int) throws(LedgerError) -> [MirrorStatus] {
        var list: [MirrorStatus] = []
        for part in try array(count: count) { list.append(try Self.status(try Self.numbers(part, script), script)) }
        return list
    }

    private mutating func array(count: Int) throws(LedgerError) -> [RedisValue] {
        guard let parts = try element().array, parts.count == count else {
            throw Self.malformed(script, "it has not \(count) mirrors")
        }
        return parts
    }

    private mutating func numbers() throws(LedgerError) -> [Int64] { try Self.numbers(try element(), script) }

    private mutating func number() throws(LedgerError) -> Int64 {
        guard let number = Self.number(try element()) else { throw Self.malformed(script, "element \(next) is no number, or too large") }
        return number
    }

    /// What a double holds exactly, as all numbers of the scripts are: sums of them never overflow.
    private static func number(_ value: RedisValue) -> Int64? {
        guard case .integer(let number) = value, number.magnitude <= 1 << 53 else { return nil }
        return number
    }

    private mutating func element() throws(LedgerError) -> RedisValue {
        guard next < elements.count else { throw Self.malformed(script, "it has only \(elements.count) elements") }
        defer { next += 1 }
        return elements[next]
    }

    private static func numbers(_ value: RedisValue, _ script: String) throws(LedgerError) -> [Int64] {
        guard let parts = value.array else { throw malformed(script, "a list of numbers is missing") }
        var numbers: [Int64] = []
        numbers.reserveCapacity(parts.count)
        for part in parts {
            guard let number = number(part) else { throw malformed(script, "a list holds no number, or too large a one") }
            numbers.append(number)
        }
        return numbers
    }

    private static func status(_ numbers: [Int64], _ script: String) throws(LedgerError) -> MirrorStatus {
        guard numbers.count == 7, let standing = MirrorStanding(rawValue: numbers[5]) else {
            throw malformed(script, "a status has not seven numbers, or its standing is unknown")
        }
        return MirrorStatus(
            free: numbers[0], inUse: numbers[1], nextRelease: numbers[2] < 0 ? nil : numbers[2], pausedFor: numbers[3],
            sealedFor: numbers[4], standing: standing, held: numbers[6])
    }

    private static func malformed(_ script: String, _ why: String) -> LedgerError {
        LedgerError(
            .malformedReply,
            "The reply of \(script).lua cannot be read: \(why). Do all members of the pool run the same version of Sluice?")
    }
}
