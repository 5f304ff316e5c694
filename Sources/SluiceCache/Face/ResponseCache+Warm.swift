internal import SluiceLoop
internal import SluiceRedis

/// Filling many keys from one answer.
extension ResponseCache {
    /// How many items, and bytes of them, are on their way to Redis at once.
    private static let batch = (items: 64, bytes: 1 << 20)

    /// Stores a collection's items, each under its own key, with what is left of the collection's life, and with its tags. An item whose
    /// key or tag was purged since the collection was asked for is refused; one that is there already, and no older, is kept.
    /// - Parameters:
    ///   - collection: the answer that the items are from.
    ///   - tags: besides those of the collection.
    ///   - progress: called on the loop with each item's outcome, in no certain order.
    /// - Throws: ``CacheError`` when Redis does not take an item; `CancellationError`. Those before it stay.
    package func warm(
        _ items: [CacheItem], from collection: CacheAnswer, tags: [String], progress: (CacheItem.Outcome) -> Void
    ) async throws {
        let policy = CachePolicy(tags: tags + collection.record.tags)
        guard let draft = ItemDraft(of: collection, policy: policy) else { return items.forEach { _ in progress(.refused) } }
        var rest = items[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            guard !isShutDown else { throw Self.shutDownError }
            var bytes = 0
            let batch = rest.prefix(Self.batch.items).prefix { item in
                defer { bytes += item.body.count }
                return bytes < Self.batch.bytes
            }
            rest = rest[batch.endIndex...]
            for outcome in try await store(Array(batch), draft) { progress(outcome) }
        }
    }

    /// Stores a batch, all at once.
    private func store(_ items: [CacheItem], _ draft: ItemDraft) async throws(CacheError) -> [CacheItem.Outcome] {
        let now = Instant.now
        let spans = draft.spans(at: now)
        guard let redis else { return items.map { storeHere($0, draft, spans, now) } }
        let results = await withUnsafeContinuation { (done: UnsafeContinuation<[Result<CacheItem.Outcome, RedisError>], Never>) in
            var results: [Result<CacheItem.Outcome, RedisError>] = []
            for item in items {
                func end(_ result: Result<CacheItem.Outcome, RedisError>) {
                    results.append(result)
                    if results.count == items.count { done.resume(returning: results) }
                }
                guard isStorable(item, spans) else {
                    end(.success(.refused))
                    continue
                }
                let version = nextToken()
                redis.warm(item.key, record: draft.record(item, version: version, storedAt: 0, spans: spans, now: now), spans: spans) {
                    end($0.map { self.installed(item, draft, version, sentAt: now, $0) })
                }
            }
        }
        do {
            return try results.map { try $0.get() }
        } catch {
            throw (error as? RedisError).map(Self.cacheError) ?? Self.shutDownError
        }
    }

    private func isStorable(_ item: CacheItem, _ spans: RecordSpans) -> Bool { spans.fresh > 0 && item.body.count <= options.bodyLimit }

    /// Into memory, what Redis took. As with a fill it is not verified yet: its own message is still to come.
    private func installed(
        _ item: CacheItem, _ draft: ItemDraft, _ version: String, sentAt: Instant, _ answer: RedisTier.FillAnswer
    ) -> CacheItem.Outcome {
        switch answer {
        case .refused: return .refused
        case .kept: return .kept
        case .filled(let storedAt, let spans):
            // The record as it was sent, so that the first read finds Redis to have the same.
            let record = draft.record(item, version: version, storedAt: storedAt, spans: spans, now: sentAt)
            memory.install(MemoryEntry(record, serverTime: storedAt, anchor: sentAt, era: 0), for: item.key)
            return .stored
        }
    }

    private func storeHere(_ item: CacheItem, _ draft: ItemDraft, _ spans: RecordSpans, _ now: Instant) -> CacheItem.Outcome {
        guard isStorable(item, spans), !purges.isPurged(item.key, tags: draft.tags, since: draft.purges) else { return .refused }
        if let entry = memory.find(item.key, now: now), now < entry.freshUntil, entry.bornAt >= draft.bornAt { return .kept }
        let storedAt = now.microseconds / 1_000
        let record = draft.record(item, version: nextToken(), storedAt: storedAt, spans: spans, now: now)
        memory.install(MemoryEntry(record, serverTime: storedAt, anchor: now, era: memory.era.current), for: item.key)
        if let cell = flights[item.key] {
            cell.isPurged = true
            send(.invalidated, to: cell)
        }
        return .stored
    }
}
