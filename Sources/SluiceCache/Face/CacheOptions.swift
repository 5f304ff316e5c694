/// The settings of one ``ResponseCache``, with their defaults.
package struct CacheOptions: Sendable, Hashable {
    /// How long an answer that says nothing about its freshness is fresh.
    package var fresh: Duration = .seconds(60)
    /// How long after that such an answer may be served stale, while it is refreshed or when the mirrors fail.
    package var stale: Duration = .seconds(600)
    /// How long a 404 or 410 that says nothing is fresh, and no longer than ``fresh``. It is never served stale.
    package var negativeFresh: Duration = .seconds(10)
    /// The memory tier's bound in bytes: keys, headers, bodies and what holds them together.
    package var memoryBytes: Int = 64 << 20
    /// Fields, in lower case, that some mirrors are sent with other values than others: an answer that varies by one is not kept.
    package var differingFields: Set<String> = []
    /// The largest body in bytes that is stored; a larger answer is passed on and forgotten.
    package var bodyLimit: Int = 1 << 20
    /// Bodies of at least so many bytes are compressed in Redis, when that saves an eighth; nil: none. What others have compressed is
    /// always read.
    package var compressedFrom: Int? = 16 << 10
    /// How long a flight stays taken without a sign of life from its holder, who renews it at a third of this.
    package var flightLease: Duration = .seconds(5)
    /// Who holds our flights, as an operator reads it in Redis: the node's name.
    package var holder: String = "unnamed"

    /// The defaults.
    package init() {}

    /// Refuses settings that cannot work, naming the setting and what would do.
    package func validate() throws(CacheError) {
        func refuse(_ sentence: String) -> CacheError { CacheError(.invalidOptions, sentence) }
        if fresh < .zero { throw refuse("cache.fresh is \(fresh), but a span cannot be negative; use 0 s to store nothing.") }
        if stale < .zero { throw refuse("cache.stale is \(stale), but a span cannot be negative; use 0 s to serve nothing stale.") }
        if negativeFresh < .zero { throw refuse("cache.negativeFresh is \(negativeFresh), but a span cannot be negative.") }
        if memoryBytes < 0 { throw refuse("cache.memory is \(memoryBytes) bytes; use 0 for no memory tier, or 64MiB.") }
        if bodyLimit < 0 { throw refuse("cache.bodyLimit is \(bodyLimit) bytes; it must be 0 or more.") }
        if flightLease < .milliseconds(100) {
            throw refuse("cache.flightLease is \(flightLease); below 100 ms a busy holder loses its flights. 5 s is usual.")
        }
    }
}
