/// The cache's keys in Redis, all under the pool's prefix, which holds the pool's hash tag.
struct RedisKeys: Sendable, Hashable {
    /// `sluice:{POOL}:`
    let prefix: String

    /// What all records begin with, and nothing else: the prefix that invalidations are asked for.
    var recordPrefix: String { prefix + "cache:" }
    /// What all flights begin with. They are no records: taking and renewing them should invalidate nothing.
    var flightPrefix: String { prefix + "flight:" }
    /// How many purges there have been: a record or flight that remembers the count is older than any later one.
    var purges: String { prefix + "purges" }
    /// The prefixes of records' names that were purged, by the number of their last purge: a sorted set.
    var prefixPurges: String { prefix + "purged-prefixes" }
    /// The records and tags that were purged, by the number of their last purge: a sorted set. Tags stand in it by the name of their index.
    var purgeLog: String { prefix + "purged" }
    /// The server's time until which any record may live: purges are remembered that long.
    var horizon: String { prefix + "cache-horizon" }

    /// A key's record: a hash.
    func record(_ key: CacheKey) -> String { recordPrefix + key.text }
    /// A key's flight: a hash with its holder.
    func flight(_ key: CacheKey) -> String { flightPrefix + key.text }
    /// The records that have a tag: a sorted set by the end of their life.
    func tag(_ tag: String) -> String { prefix + "tag:" + tag }
    /// The number of a tag's last purge, for as long as a fetch may take.
    func tagPurge(_ tag: String) -> String { prefix + "tag-purged:" + tag }

    /// What begins the name that is invalidated when all records with a prefix were purged; what follows is that of their keys. No key
    /// begins with this character.
    var prefixMarker: String { recordPrefix + ">" }

    /// The key whose record has this name, or nil for a name that is no record's.
    func key(ofRecord name: String) -> CacheKey? { rest(of: name, after: recordPrefix).flatMap(CacheKey.init(text:)) }

    /// The prefix of keys whose purge invalidates this name, or nil for a name that says no such thing.
    func purgedPrefix(of name: String) -> KeyPrefix? { rest(of: name, after: prefixMarker).map(KeyPrefix.init(text:)) }

    /// The prefix of the keys whose records' names begin with this, or nil when those are no records.
    func prefix(ofRecords beginning: String) -> KeyPrefix? { rest(of: beginning, after: recordPrefix).map(KeyPrefix.init(text:)) }

    private func rest(of name: String, after beginning: String) -> String? {
        name.utf8.starts(with: beginning.utf8) ? String(name.utf8.dropFirst(beginning.utf8.count)) ?? "" : nil
    }
}
