import SluiceCache
import SluiceCoordination
import SluiceHTTP
import SluiceRedis

/// The parts of a pool that are to be ended, without the pool: one that was only dropped ends as well.
struct PoolParts: Sendable {
    let news: ConnectionNews
    let owedPurges: OwedPurges
    let cache: ResponseCache
    let permits: PermitStore?
    let http: HTTPClient
    let coordinator: SlotCoordinator
    let redis: RedisClient?
    /// Made when the pool starts, like the next.
    var subscriber: RedisSubscriber?
    var publisher: MetricsPublisher?

    /// Ends one part after the other, and gives back what the process holds.
    func end() async {
        news.end()
        await owedPurges.shutDown()
        await cache.shutDown()
        await permits?.shutDown()
        // Requests first: what became of them is still to be reported.
        await http.shutDown()
        await coordinator.shutDown()
        await publisher?.shutDown()
        await subscriber?.shutDown()
        await redis?.shutDown()
    }
}
