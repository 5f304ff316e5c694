import SluiceLoop

/// What an answer from memory needs to know of its entry.
package struct MemoryHit: Sendable {
    /// The answer.
    let record: CacheRecord
    /// When its age was zero.
    let bornAt: Instant
    /// Until when it is fresh.
    let freshUntil: Instant

    /// The answer at a time.
    func answer(from source: CacheAnswer.Source, now: Instant, collapsed: Bool = false) -> CacheAnswer {
        CacheAnswer(
            record: record, source: source, collapsed: collapsed, stale: now >= freshUntil, givenAt: now,
            age: .microseconds(max(0, now.microseconds(since: bornAt))), remainingFresh: freshUntil.duration(since: now))
    }
}
