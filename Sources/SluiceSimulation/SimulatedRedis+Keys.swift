import SluiceCache

/// The cache's part of Redis: its scripts are `FlightLedger`'s.
extension SimulatedRedis {
    /// The host's clock in milliseconds.
    private func milliseconds(_ now: Int64) -> Int64 { raw(now) / 1_000 }

    func lookUp(
        _ key: Int, token: String, lease: Int64, known: FlightLedger.Record?, now: Int64
    ) -> (found: FlightLedger.Found, time: Int64) {
        note(now)
        let time = milliseconds(now)
        var (found, isInvalidated) = data.flights.lookUp(String(key), token: token, lease: lease, known: known, at: time)
        if isInvalidated { invalidate(key) }
        if found.isNew {
            // The clock was set back: how old this one is nobody knows, and before the fill it may look fresh again.
            unborn[key] = data.flights.record(String(key), at: time).flatMap { $0.storedAt > time + 1_000 ? $0.version : nil }
        }
        if lacksFlights, case .held = found.flight { (found.flight, found.isNew) = (.taken(lease: lease), true) }
        return (found, time)
    }

    /// - Returns: the record as it is stored, and whether one was there that was fresh; nil when it was refused.
    func fill(
        _ key: Int, token: String, version: Int64, fresh: Int64, now: Int64
    ) -> (record: FlightLedger.Record, insteadOfFresh: Bool)? {
        note(now)
        let (name, time) = (String(key), milliseconds(now))
        let before = data.flights.record(name, at: time)
        if lacksFillFence, before?.version != token {
            // Whoever comes is let in.
            _ = data.flights.purge(name, at: time)
            _ = data.flights.lookUp(name, token: token, lease: 1, at: time)
        }
        let (stored, isInvalidated) = data.flights.fill(
            name, token: token, content: String(version), fresh: fresh, refresh: fresh, stale: fresh, at: time)
        if isInvalidated { invalidate(key) }
        guard let stored else { return nil }
        let wasFresh = before.map { $0.freshUntil > time && $0.storedAt <= time + 1_000 && ![token, unborn[key]].contains($0.version) }
        return (stored, wasFresh ?? false)
    }

    func renew(_ key: Int, token: String, lease: Int64, now: Int64) -> Bool {
        note(now)
        let (isValid, isInvalidated) = data.flights.renew(String(key), token: token, lease: lease, at: milliseconds(now))
        if isInvalidated { invalidate(key) }
        return isValid
    }

    func abandon(_ key: Int, token: String, now: Int64) {
        note(now)
        if data.flights.abandon(String(key), token: token, at: milliseconds(now)).isInvalidated { invalidate(key) }
    }

    /// - Parameter version: what the mirrors have by now.
    func purge(_ key: Int, version: Int64, now: Int64) {
        note(now)
        let isInvalidated = data.flights.purge(String(key), at: milliseconds(now)).isInvalidated
        data.floors[key] = max(data.floors[key] ?? 0, version)
        purgedAt[key] = now
        if isInvalidated { invalidate(key) }
    }

    private func invalidate(_ key: Int) { publishInvalidation(key, data.floors[key] ?? 0) }
}
