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
    /// After an unsafe method succeeded, the cached answer for the same path is forgotten everywhere.
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

    /// Forgets every answer with this tag, in all processes.
    /// - Returns: how many there were.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    @discardableResult
    public func purge(tag: String) async throws(SluiceError) -> Int {
        do {
            return try await core.cache.purge(tag: tag)
        } catch {
            throw SluiceError(error)
        }
    }
}
