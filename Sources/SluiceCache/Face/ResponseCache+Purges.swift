internal import SluiceLoop

/// Forgetting answers, here and in all other processes.
extension ResponseCache {
    /// Deletes a record everywhere. What is being fetched for it is not stored, and whoever waits for that gets a newer answer.
    /// - Returns: whether there was a record.
    /// - Throws: ``CacheError`` when Redis could not be told; then other processes may still serve it.
    @discardableResult
    package func purge(_ key: CacheKey) async throws(CacheError) -> Bool {
        var existed = memory.find(key, now: .now) != nil
        memory.remove(key)
        if let redis {
            do { existed = try await redis.purge(key) } catch { throw Self.cacheError(error) }
        } else {
            purges.note(.key(key))
        }
        forget(key)
        return existed
    }

    /// Deletes all records that have a tag, everywhere.
    /// - Returns: how many there were.
    /// - Throws: ``CacheError`` when Redis could not be told.
    @discardableResult
    package func purge(tag: String) async throws(CacheError) -> Int {
        guard let redis else {
            purges.note(.tag(tag))
            let count = memory.removeAll(tagged: tag)
            for cell in Array(flights.values) {
                // As with Redis: what has the tag now is given up at once, what may turn out to have it is refused when it is there.
                if cell.entry?.record.tags.contains(tag) ?? false { cell.isPurged = true }
                send(.invalidated, to: cell)
            }
            return count
        }
        let deleted: [CacheKey]
        do { deleted = try await redis.purge(tag: tag) } catch { throw Self.cacheError(error) }
        for key in deleted { forget(key) }
        // What is being fetched is judged by its tags when it is there.
        purges.note(.tag(tag))
        let number = nextNumber()
        for (_, cell) in flights where cell.lastBeforeTagPurge == nil { cell.lastBeforeTagPurge = number }
        return deleted.count
    }

    /// Forgets all records whose keys have a prefix, everywhere, at a cost that does not grow with their number.
    /// - Throws: ``CacheError`` when Redis could not be told.
    package func purge(_ prefix: KeyPrefix) async throws(CacheError) {
        guard let redis else {
            purges.note(.prefix(prefix))
            return forget(prefix)
        }
        // It may be more than was asked for, so that it stays cheap.
        let purged: KeyPrefix
        do { purged = try await redis.purge(prefix) } catch { throw Self.cacheError(error) }
        forget(purged)
    }

    /// All records whose keys have a prefix are older than a purge.
    func forget(_ prefix: KeyPrefix) {
        memory.removeAll(of: prefix)
        for cell in Array(flights.values) where prefix.covers(cell.key) {
            cell.isPurged = true
            send(.invalidated, to: cell)
        }
    }

    private func forget(_ key: CacheKey) {
        memory.remove(key)
        guard let cell = flights[key] else { return }
        cell.isPurged = true
        send(.invalidated, to: cell)
    }
}
