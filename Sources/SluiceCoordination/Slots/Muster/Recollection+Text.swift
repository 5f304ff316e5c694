/// The form in which a recollection is kept in Redis: netstrings (D. J. Bernstein, 1997), each a list of words or a field of the ledger.
///
///     INCARNATION COPYTIME COUNT-OF-OWN MIRRORS(-1: no copy)
///     for each own grant: NUMBER MIRROR COUNT REMAINING DOUBTFUL AGE,AGE*COUNT,-*COUNT …
///     of the copy: INCARNATION VERSION NEXT TIME LIFE LIFE …
///     and for each of its mirrors: NAME WINDOW WINDOW …, then its state, its open grants, its rules, its conduct, its logs
extension Recollection {
    package var bytes: [UInt8] {
        var strings: [[UInt8]] = []
        func add(_ text: String) { strings.append(Array(text.utf8)) }
        add("\(incarnation) \(copyTime) \(own.count) \(copy?.mirrors.count ?? -1)")
        for grant in own {
            let ages = grant.settled.text { $0.map(String.init) ?? "-" }
            add("\(grant.number) \(grant.mirror) \(grant.count) \(grant.remaining) \(grant.doubtful) \(ages)")
        }
        if let copy {
            add(([copy.incarnation, String(copy.version), String(copy.nextNumber), String(copy.time)] + copy.lives).joined(separator: " "))
            for (name, ledger) in copy.mirrors.sorted(by: { $0.key < $1.key }) {
                let windows = ledger.logs.keys.sorted()
                let fields = MirrorFields(ledger, windows: windows)
                add(([name] + windows.map(String.init)).joined(separator: " "))
                strings += [fields.state, fields.open, fields.rules, fields.conduct] + fields.logs
            }
        }
        return strings.reduce(into: []) { $0 += Array("\($1.count):".utf8) + $1 + [UInt8(ascii: ",")] }
    }

    /// Reads what a member wrote; nil when it is not of this form. Never traps, whatever the bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard var strings = Netstrings(Array(bytes)) else { return nil }
        guard var head = strings.next().map(Words.init), let incarnation = head.text(), let copyTime = head.number(),
            let owned = head.number(), let mirrors = head.number(), owned >= 0
        else { return nil }
        var own: [Own] = []
        for _ in 0..<min(owned, Int64(strings.count)) {
            guard var words = strings.next().map(Words.init), let number = words.number(), let mirror = words.text(),
                let count = words.number(), let remaining = words.number(), let doubtful = words.number(), count > 0, doubtful >= 0,
                let settled = Runs(text: words.text() ?? "", Self.age)
            else { return nil }
            own.append(Own(number: number, mirror: mirror, count: count, remaining: remaining, settled: settled, doubtful: doubtful))
        }
        var copy: LedgerCopy?
        if mirrors >= 0 {
            guard var words = strings.next().map(Words.init), let life = words.text(), let version = words.number(),
                let next = words.number(), let time = words.number()
            else { return nil }
            copy = LedgerCopy(incarnation: life, lives: words.rest, version: version, nextNumber: next, time: time)
            for _ in 0..<min(mirrors, Int64(strings.count)) {
                guard var words = strings.next().map(Words.init), let name = words.text() else { return nil }
                let windows = words.rest.compactMap(Int64.init)
                let fields = (0..<windows.count + MirrorFields.fixed).compactMap { _ in strings.next() }
                guard let ledger = MirrorFields(fields)?.ledger(of: name, windows: windows) else { return nil }
                copy!.mirrors[name] = ledger
            }
        }
        self.init(incarnation: incarnation, copy: copy, copyTime: copyTime, own: own)
    }

    /// A slot's age, `-` for one that was never used; `.none` for what is neither.
    private static func age(_ text: Substring) -> Int64?? {
        if text == "-" { return .some(nil) }
        guard let age = Int64(text), age.magnitude <= 1 << 53 else { return .none }
        return age
    }
}

extension GatherReply.Memory {
    /// Reads what `gather.lua` hands out: both readings of ledger time, and the recollection.
    init?(tag: String, _ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let now = Self.time(parts[0]), let latest = Self.time(parts[1]), let recollection = Recollection(parts[2])
        else { return nil }
        self.init(tag: tag, now: now, latest: latest, recollection: recollection)
    }

    private static func time(_ text: ArraySlice<UInt8>) -> Int64? {
        guard let time = Int64(String(decoding: text, as: UTF8.self)), time.magnitude <= 1 << 53 else { return nil }
        return time
    }
}
