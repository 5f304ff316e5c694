/// An item of a collection, to be kept under a key of its own.
package struct CacheItem: Sendable {
    /// What it will be found by.
    package var key: CacheKey
    /// Its bytes.
    package var body: [UInt8]

    /// An item.
    package init(key: CacheKey, body: [UInt8]) {
        self.key = key
        self.body = body
    }

    /// What became of an item.
    package enum Outcome: Sendable, Hashable {
        /// It is stored.
        case stored
        /// A fresh record that is no older was there, and stays.
        case kept
        /// Not stored: it was purged after its collection had been asked for, or it is too large, or nothing is left of its life.
        case refused
    }
}
