import SluiceCache
import SluiceLoop

/// What writes have changed while Redis could not be told. It is told as soon as it can be; until then other processes may serve what
/// was there before.
actor OwedPurges {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// So many keys at the most: further ones are forgotten when their answers expire.
    private static let most = 10_000
    /// Between two attempts, in microseconds.
    private static let pauses: ClosedRange<Int64> = 50_000...500_000

    private let loop: EventLoop
    private let cache: ResponseCache
    private var keys: Set<CacheKey> = []
    private var isWorking = false
    private var isClosed = false

    init(loop: EventLoop, cache: ResponseCache) {
        self.loop = loop
        self.cache = cache
    }

    /// Forgets the answer in all processes, now or as soon as Redis takes it.
    func purge(_ key: CacheKey) async {
        if (try? await cache.purge(key)) == nil { owe(key) }
    }

    private func owe(_ key: CacheKey) {
        guard !isClosed, keys.count < Self.most else { return }
        keys.insert(key)
        guard !isWorking else { return }
        isWorking = true
        Task { await work() }
    }

    private func work() async {
        var pause = Self.pauses.lowerBound
        while !isClosed, let key = keys.popFirst() {
            do {
                try await cache.purge(key)
                pause = Self.pauses.lowerBound
            } catch {
                // A write that ended meanwhile may have put it back already.
                if !isClosed { keys.insert(key) }
                do { try await loop.sleep(until: Instant.now.advanced(byMicroseconds: pause)) } catch { break }
                pause = min(2 * pause, Self.pauses.upperBound)
            }
        }
        isWorking = false
    }

    /// Ends all attempts.
    func shutDown() {
        isClosed = true
        keys = []
    }
}
