/// What the cache keeps in Redis of records and flights, as a pure value: the rules of `lookup`, `fill`, `renew`, `abandon`, `decline`
/// and `purge.lua` in Swift.
///
/// It is the model in the simulation, and one half of a differential test with the scripts. Each function takes the server's clock in
/// milliseconds, and tells whether the record's invalidation goes out. Not in it: how long an answer was held before it was stored, tags, prefixes, items of collections, bodies so large
/// that only their length is compared, and the messages that Redis sends when a record's life ends by itself.
package struct FlightLedger: Hashable, Sendable {
    /// A record, as far as flights are concerned. Times in milliseconds of the server's clock.
    package struct Record: Hashable, Sendable {
        package var version: String
        /// The body, and whatever else is compared.
        package var content: String
        package var storedAt: Int64
        package var freshUntil: Int64
        package var refreshUntil: Int64
        package var staleUntil: Int64
        /// How many purges there had been when its flight was taken.
        package var purges: Int64

        /// Whether they say the same; how many purges there had been is not compared.
        func isSame(as other: Record) -> Bool {
            var known = other
            known.purges = purges
            return self == known
        }
    }

    /// The right to fetch a key.
    private struct Right: Hashable, Sendable {
        /// Nil once it was declined.
        var token: String?
        /// How long it is the holder's if nothing is heard from him.
        var until: Int64
        /// When what is known of it goes.
        var keptUntil: Int64
        /// The record when it was taken.
        let seen: Record?
        let purges: Int64
        var isWaitedFor = false
        var isDeclined = false
    }

    private var records: [String: Record] = [:]
    private var rights: [String: Right] = [:]
    /// How many purges there have been.
    package private(set) var purges: Int64 = 0

    package init() {}

    private static let (hour, day): (Int64, Int64) = (3_600_000, 86_400_000)

    // MARK: Calls

    /// How a lookup goes about the flight; see `lookup.lua`.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        case take, read, force, ahead
    }

    /// What a lookup found.
    package struct Found: Hashable, Sendable {
        package enum Content: Hashable, Sendable {
            case none, same
            case whole(Record)
        }

        package enum Flight: Hashable, Sendable {
            case unneeded, declined
            case taken(lease: Int64)
            case held(lease: Int64)
        }

        package var record: Content
        package var flight: Flight
        /// How many purges there had been: by now, or when the flight was taken if it is the caller's.
        package var purges: Int64
        /// Whether the flight was not the caller's before.
        package var isNew = false
    }

    /// Reads a record; where none is fresh, takes the flight, or says who has it.
    /// - Parameters:
    ///   - known: the record that the caller has.
    ///   - maxAge: how many milliseconds ago it may have been stored, for it to be fresh to the caller; nil: as long as it says itself.
    package mutating func lookUp(
        _ key: String, token: String, lease: Int64, mode: Mode = .take, known: Record? = nil, maxAge: Int64? = nil, at now: Int64
    ) -> (found: Found, isInvalidated: Bool) {
        expire(at: now)
        var record = mode == .force ? nil : self.record(key, at: now)
        var isInvalidated = false
        if let outdated = record, outdated.purges > purges {
            if mode != .read {
                records[key] = nil
                isInvalidated = true
            }
            record = nil
        }
        var content = Found.Content.none
        var isFresh = false
        if let record {
            isFresh = record.freshUntil > now && record.storedAt <= now + 1_000
            if let maxAge, record.storedAt > now || now - record.storedAt > maxAge { isFresh = false }
            content = known?.isSame(as: record) ?? false ? .same : .whole(record)
        }
        if mode == .ahead, record?.version == known?.version ?? "" { isFresh = false }
        func answer(_ flight: Found.Flight, _ purges: Int64, isNew: Bool = false) -> (Found, Bool) {
            (Found(record: content, flight: flight, purges: purges, isNew: isNew), isInvalidated)
        }
        if isFresh || mode == .read { return answer(.unneeded, purges) }
        if let (right, left) = held(key, lease: lease, at: now), left > 0 {
            if right.token == token {
                hold(key, for: lease, at: now)
                return answer(.taken(lease: lease), right.purges)
            }
            if right.isDeclined { return answer(.declined, purges) }
            if mode != .ahead { rights[key]?.isWaitedFor = true }
            return answer(.held(lease: left), purges)
        }
        rights[key] = Right(
            token: token, until: now + lease, keptUntil: now + Self.day, seen: self.record(key, at: now), purges: purges)
        return answer(.taken(lease: lease), purges, isNew: true)
    }

    /// Stores what a flight fetched, under its token as the version.
    /// - Parameter declination: for how long nobody needs to wait for anybody, where what is stored is for failures only.
    /// - Returns: the record as it is stored; nil when the fill was refused.
    package mutating func fill(
        _ key: String, token: String, content: String, fresh: Int64, refresh: Int64, stale: Int64, declination: Int64 = 5_000, at now: Int64
    ) -> (stored: Record?, isInvalidated: Bool) {
        expire(at: now)
        guard let right = right(key, at: now), right.token == token else {
            // The same fill again, since its first reply was lost.
            let record = record(key, at: now)
            return (record?.version == token ? record : nil, false)
        }
        guard isValid(right, key, at: now) else { return (nil, release(key)) }
        let record = Record(
            version: token, content: content, storedAt: now, freshUntil: now + fresh, refreshUntil: now + refresh, staleUntil: now + stale,
            purges: right.purges)
        records[key] = record
        if refresh > 0 { rights[key] = nil } else { decline(key, for: declination, at: now) }
        return (record, true)
    }

    /// Keeps a flight.
    /// - Returns: whether it still is the caller's and can be filled.
    package mutating func renew(_ key: String, token: String, lease: Int64, at now: Int64) -> (isValid: Bool, isInvalidated: Bool) {
        expire(at: now)
        guard let right = right(key, at: now), right.token == token else { return (false, false) }
        guard isValid(right, key, at: now) else { return (false, release(key)) }
        hold(key, for: lease, at: now)
        return (true, false)
    }

    /// Gives a flight up without a fill.
    package mutating func abandon(_ key: String, token: String, at now: Int64) -> (wasHeld: Bool, isInvalidated: Bool) {
        expire(at: now)
        guard let right = right(key, at: now), right.token == token else { return (false, false) }
        return (true, release(key))
    }

    /// Ends a flight whose answer is not kept, and says so for a while. The record goes, unless somebody wrote to it since.
    package mutating func decline(_ key: String, token: String, for span: Int64, at now: Int64) -> (wasHeld: Bool, isInvalidated: Bool) {
        expire(at: now)
        guard let right = right(key, at: now), right.token == token else { return (false, false) }
        let hasGone = isValid(right, key, at: now) && records.removeValue(forKey: key) != nil
        decline(key, for: span, at: now)
        return (true, hasGone || right.isWaitedFor)
    }

    /// Deletes a record, and takes its flight from whoever holds it.
    package mutating func purge(_ key: String, at now: Int64) -> (hadRecord: Bool, isInvalidated: Bool) {
        expire(at: now)
        purges += 1
        let hadRecord = record(key, at: now) != nil
        let hadFlight = right(key, at: now) != nil
        records[key] = nil
        rights[key] = nil
        return (hadRecord, hadRecord || hadFlight)
    }

    /// Somebody writes to the record by hand: another body, or nothing any more.
    package mutating func write(_ key: String, content: String?, at now: Int64) -> (wasThere: Bool, isInvalidated: Bool) {
        expire(at: now)
        guard record(key, at: now) != nil else { return (false, false) }
        if let content { records[key]!.content = content } else { records[key] = nil }
        return (true, true)
    }

    /// The count of purges is lost, and nothing else.
    package mutating func forgetPurges() { purges = 0 }

    // MARK: Parts

    /// What has come to its end goes, and does not come back when the clock is set back.
    package mutating func expire(at now: Int64) {
        for key in records.keys where record(key, at: now) == nil { records[key] = nil }
        for key in rights.keys where right(key, at: now) == nil { rights[key] = nil }
    }

    /// The record, unless its life has ended.
    package func record(_ key: String, at now: Int64) -> Record? {
        records[key].flatMap { now < max($0.staleUntil, $0.storedAt + 1) ? $0 : nil }
    }

    private func right(_ key: String, at now: Int64) -> Right? { rights[key].flatMap { now < $0.keptUntil ? $0 : nil } }

    private mutating func held(_ key: String, lease: Int64, at now: Int64) -> (Right, left: Int64)? {
        guard let right = right(key, at: now) else { return nil }
        let left = right.until - now
        if left <= max(2 * lease, 60_000) { return (right, left) }
        // A time that no lease can have given is from before the clock was set back.
        hold(key, for: lease, at: now)
        return (right, lease)
    }

    private mutating func hold(_ key: String, for lease: Int64, at now: Int64) {
        rights[key]?.until = now + lease
        rights[key]?.keptUntil = now + Self.day
    }

    private mutating func decline(_ key: String, for span: Int64, at now: Int64) {
        rights[key]?.token = nil
        rights[key]?.isDeclined = true
        hold(key, for: span, at: now)
        rights[key]?.keptUntil = now + span + Self.hour
    }

    /// Whether nobody has written to the record since the flight was taken. The record's natural end is no write.
    private func isValid(_ right: Right, _ key: String, at now: Int64) -> Bool {
        switch (right.seen, record(key, at: now)) {
        case (nil, nil): true
        case (let seen?, let current?): seen.isSame(as: current)
        case (let seen?, nil): now >= seen.staleUntil
        case (nil, _?): false
        }
    }

    private mutating func release(_ key: String) -> Bool { rights.removeValue(forKey: key)?.isWaitedFor ?? false }
}
