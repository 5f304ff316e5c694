import SluiceCache

/// What the gateway uses besides the public face.
extension MirrorPool {
    /// The pool's name.
    package var name: String { core.configuration.pool }

    /// Where its mirrors are.
    package var places: MirrorPlaces { MirrorPlaces(core.mirrors.map(\.url)) }

    /// The answer if this process's memory has it, fresh and verified; counts as a hit. From any thread, without a hop.
    /// - Parameter span: how long ago a mirror may have given it at most; nil: as long as it is fresh.
    package func memoryAnswer(for target: PoolTarget, within span: Duration? = nil) -> MemoryAnswer? {
        core.cache.memoryHit(for: target.key, within: span).map(MemoryAnswer.init)
    }

    /// The answer to `GET` of a target that was judged before.
    /// - Throws: as ``get(_:options:)``.
    package func get(_ target: PoolTarget, options: CallOptions = CallOptions()) async throws(SluiceError) -> Answer {
        try await core.get(target.key, options: options)
    }

    /// Forgets the answer to a target that was judged before, in all processes.
    /// - Returns: whether there was one.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    package func purge(_ target: PoolTarget) async throws(SluiceError) -> Bool {
        do {
            return try await core.cache.purge(target.key)
        } catch {
            throw SluiceError(error)
        }
    }

    /// Forgets every answer with a tag that was judged before.
    package func purge(_ tag: PoolTag) async throws(SluiceError) -> Int {
        do { return try await core.cache.purge(tag: tag.text) } catch { throw SluiceError(error) }
    }
}
