import SluiceCache
import SluiceLoop

extension MirrorPool {
    /// Asks for a collection and keeps each of its items as the answer to the item's own path: one slot fills them all.
    ///
    ///     try await pool.warm("/posts", item: "/posts/{id}") { print("\($0.done) of \($0.total)") }
    ///
    /// `{id}` stands for the member `id` of each item, a text or a number. Items are fresh as long as the collection's answer is,
    /// carry its tags and those of `options`, and have no validators, since nobody knows their own. Nothing is stored unless every
    /// item has its path. An item that is purged while this runs is not stored.
    ///
    /// Progress is a callback rather than a sequence, since a warm-up has one outcome and one error, and goes on whether or not
    /// anybody watches. Cancel the task to end it; what was stored stays.
    /// - Parameters:
    ///   - collection: a path whose answer is a JSON list of objects.
    ///   - template: the items' paths.
    ///   - progress: called first with nothing done, then after each item, on a thread that must not be blocked.
    /// - Throws: `SluiceError`: as ``get(_:options:)``; `.unsuccessfulStatus` when the collection's status is not 200;
    ///   `.decodingFailed`, naming the item, when one does not fit; `.notStorable` when the answer forbids keeping;
    ///   `.mirrorsUnavailable` when only a stale answer was to be had.
    @discardableResult
    public func warm(
        _ collection: String, item template: String, options: CallOptions = CallOptions(),
        progress: @Sendable (WarmProgress) -> Void = { _ in }
    ) async throws(SluiceError) -> WarmReport {
        let template = try ItemTemplate(template, dropping: options.dropsParameters)
        let key: CacheKey
        do throws(CacheKeyError) {
            key = try CacheKey(target: collection, dropping: options.dropsParameters)
        } catch {
            throw SluiceError(.invalidRequest, "the path “\(collection.excerpt)” cannot be asked for: \(error.message)")
        }
        let answer = try await onLoop { () async throws(SluiceError) in try await core.freshAnswer(for: key, options: options) }
        guard answer.record.status == 200 else {
            throw SluiceError(
                .unsuccessfulStatus, "the status of \(collection.excerpt) is \(answer.record.status), so it holds no items to keep")
        }
        guard answer.remainingFresh > .zero else {
            throw SluiceError(
                .notStorable, "the answer to \(collection.excerpt) may not be kept (see its Cache-Control and its size), nor may its items")
        }
        let items = try CollectionReader.items(of: answer.record.body, at: collection, by: template)
        let tally = WarmTally(source: Answer(answer).source, total: items.count)
        progress(tally.progress)
        return try await onLoop { () async throws(SluiceError) in
            try await core.store(items, from: answer, tags: options.tags, tally: tally, progress: progress)
        }
    }
}

/// Counts what becomes of items.
struct WarmTally: Sendable {
    let source: Answer.Source
    let total: Int
    private var outcomes: [CacheItem.Outcome: Int] = [:]

    init(source: Answer.Source, total: Int) {
        self.source = source
        self.total = total
    }

    mutating func note(_ outcome: CacheItem.Outcome) { outcomes[outcome, default: 0] += 1 }

    var progress: WarmProgress { WarmProgress(done: outcomes.values.reduce(0, +), total: total) }

    var report: WarmReport {
        WarmReport(
            source: source, items: total, stored: outcomes[.stored] ?? 0, kept: outcomes[.kept] ?? 0, refused: outcomes[.refused] ?? 0)
    }
}

extension PoolCore {
    /// An answer that is not stale. Where only a stale one is to be had, since mirrors fail, it is asked for again.
    fileprivate func freshAnswer(for key: CacheKey, options: CallOptions) async throws(SluiceError) -> CacheAnswer {
        let end = Instant.now.advanced(by: options.deadline ?? configuration.deadline)
        var options = options
        var pause: Int64 = 20_000
        while true {
            let answer = try await answer(for: key, options: options, acceptsStale: false)
            guard answer.stale else { return answer }
            let next = Instant.now.advanced(byMicroseconds: pause)
            guard next < end else {
                throw SluiceError(
                    .mirrorsUnavailable,
                    "only a stale answer to \(key.target.excerpt) was to be had by the deadline; its items are left alone")
            }
            do { try await loop.sleep(until: next) } catch { throw SluiceError(error) }
            pause = min(pause * 2, 2_000_000)
            options.deadline = end.duration(since: next)
        }
    }

    /// Stores a collection's items.
    fileprivate func store(
        _ items: [CacheItem], from answer: CacheAnswer, tags: [String], tally: WarmTally, progress: @Sendable (WarmProgress) -> Void
    ) async throws(SluiceError) -> WarmReport {
        try enter()
        defer { leave() }
        var tally = tally
        do {
            try await cache.warm(items, from: answer, tags: tags) { outcome in
                tally.note(outcome)
                progress(tally.progress)
            }
        } catch {
            throw SluiceError(error)
        }
        return tally.report
    }
}
