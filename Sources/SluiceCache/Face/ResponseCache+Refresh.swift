internal import SluiceLoop
import Synchronization

/// Refreshing answers that are asked for near their end, or past it, with slots that nobody wants.
extension ResponseCache {
    /// How long a refresh may take in all.
    private static let patience: Int64 = 60_000_000

    /// Says how answers are fetched that nobody waits for: from now on entries are refreshed ahead.
    package func refreshes(with fetch: @escaping @Sendable (CacheKey, FetchNeed) async throws -> FetchedResponse) {
        refresher = fetch
        memory.onNearing.withLock { $0 = { [weak self] in self?.nears($0) } }
    }

    /// A fresh entry was asked for near its end; on any thread.
    private nonisolated func nears(_ nearing: NearingEntry) {
        loop.execute { self.assumeIsolated { $0.wantsRefresh(nearing.key, nearing.entry, hits: nearing.hits, isStale: false) } }
    }

    /// A stale answer was served: it is refreshed with the call's own fetch now, or as soon as a slot can be spared.
    func refreshStale(
        _ key: CacheKey, _ entry: MemoryEntry, _ policy: CachePolicy, _ deadline: Instant, _ urgency: Int, _ fetch: @escaping Fetch
    ) {
        guard refreshGate.allowsAnother(at: .now) else {
            if refresher != nil { wantsRefresh(key, entry, hits: memory.hits(of: key), isStale: true) }
            return
        }
        let cell = cell(for: key, policy: policy, urgency: urgency, fetch: fetch)
        cell.belongToNobody()
        refreshGate.began(key)
        // One that is fresh to others is refreshed all the same.
        send(.refreshWanted(deadline: deadline, isAhead: .now < entry.freshUntil), to: cell)
    }

    /// An entry would be worth a refresh.
    func wantsRefresh(_ key: CacheKey, _ entry: MemoryEntry, hits: Int, isStale: Bool) {
        guard !isShutDown else { return }
        let candidate = RefreshQueue.Candidate(
            key: key, version: entry.record.version, hits: hits, bornAt: entry.bornAt, freshUntil: entry.freshUntil, isStale: isStale)
        refreshQueue.insert(candidate, now: .now)
        refreshWorthiest()
    }

    /// Begins refreshes as long as there are some that are worth it and slots seem to be had.
    private func refreshWorthiest() {
        guard !isShutDown else { return }
        let now = Instant.now
        while refreshGate.allowsAnother(at: now), let candidate = refreshQueue.popWorthiest(now: now) {
            guard flights[candidate.key] == nil, let entry = memory.find(candidate.key, now: now), memory.isVerified(entry),
                entry.record.version == candidate.version, now < entry.refreshUntil, let policy = entry.policy, let refresher
            else { continue }
            let key = candidate.key
            let cell = cell(for: key, policy: policy.policy) { need in try await refresher(key, need) }
            cell.belongToNobody()
            cell.refreshed = candidate
            refreshGate.began(key)
            let deadline = now.advanced(byMicroseconds: Self.patience)
            send(.refreshWanted(deadline: deadline, isAhead: now < entry.freshUntil), to: cell)
        }
        guard refreshQueue.count > 0, !refreshGate.isOpen(at: now) else { return }
        if refreshTimer == nil { refreshTimer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.refreshWorthiest() } } }
        refreshTimer?.schedule(at: refreshGate.opensAt)
    }

    /// A flight has ended: another refresh may have its place.
    func refreshEnded(_ cell: FlightCell) {
        guard refreshGate.ended(cell.key) else { return }
        refreshWorthiest()
    }

    /// No slot could be spared: what would have been refreshed goes on waiting.
    func refreshRefused(_ cell: FlightCell) {
        let now = Instant.now
        refreshGate.refused(at: now)
        counters.withLock { $0.refreshesRefused += 1 }
        if let candidate = cell.refreshed { refreshQueue.insert(candidate, now: now) }
    }
}
