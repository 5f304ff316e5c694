public import FoundationEssentials
import SluiceCache

extension MirrorPool {
    /// The answer to `GET path` as a value.
    /// - Throws: as ``get(_:options:)``; `.unsuccessfulStatus` when the status is not 2xx; `.decodingFailed`.
    public func get<Value: Decodable>(
        _ path: String, as type: Value.Type, options: CallOptions = CallOptions(), decoder: JSONDecoder = JSONDecoder()
    ) async throws(SluiceError) -> Value {
        try await get(path, options: options).decode(type, decoder: decoder)
    }

    /// Sends a request that is not answered from the cache: it takes a slot and goes to one mirror.
    ///
    /// After an unsafe method succeeded, the cached answer for the same path (less `dropsParameters`, which are sent all the same) is forgotten
    /// everywhere, and so are those that the answer's `Location` and `Content-Location` name; if Redis cannot be told just then, as soon as it can.
    /// - Throws: `SluiceError`. A request whose fate is unknown is sent again only if it is idempotent.
    public func send(_ request: PoolRequest, options: CallOptions = CallOptions()) async throws(SluiceError) -> Answer {
        try await onLoop { () async throws(SluiceError) in try await core.send(request, options: options) }
    }

    /// Forgets the answer to `GET path`, in all processes.
    /// - Returns: whether there was one.
    /// - Throws: `SluiceError` when the path cannot be one, or Redis cannot be reached.
    @discardableResult
    public func purge(_ path: String) async throws(SluiceError) -> Bool {
        do {
            return try await core.cache.purge(try CacheKey(target: path))
        } catch {
            throw SluiceError(error)
        }
    }

    /// Forgets the answers to `GET` of every path that begins with `prefix`, in all processes, at once, and at a cost that does not grow
    /// with their number. What is being fetched for them is not kept.
    /// - Parameter prefix: `/posts/` covers `/posts/1`; `/posts` also `/posts` itself and `/postscript`. Without a query.
    /// - Throws: `SluiceError` when no path begins so, or Redis cannot be reached.
    public func purge(prefix: String) async throws(SluiceError) {
        do {
            try await core.cache.purge(try KeyPrefix(path: prefix))
        } catch {
            throw SluiceError(error)
        }
    }

    /// Forgets every answer, in all processes, at once. What is being fetched is not kept.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    public func purgeEverything() async throws(SluiceError) {
        do {
            try await core.cache.purge(.everything)
        } catch {
            throw SluiceError(error)
        }
    }

    /// Forgets every answer with this tag, in all processes.
    /// - Returns: how many there were.
    /// - Throws: `SluiceError` when it can be no tag (see ``CallOptions/tags``), or Redis cannot be reached.
    @discardableResult
    public func purge(tag: String) async throws(SluiceError) -> Int { try await purge(PoolTag(tag)) }
}
