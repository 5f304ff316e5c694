internal import SluiceRedis

/// The cache's scripts, each with the common part in front.
enum CacheScripts {
    /// Reads a record, or takes its flight.
    static let lookup = script("lookup", PackageResources.lookup_lua)
    /// Stores a record.
    static let fill = script("fill", PackageResources.fill_lua)
    /// Stores an item of a collection.
    static let warm = script("warm", PackageResources.warm_lua)
    /// Keeps a flight.
    static let renew = script("renew", PackageResources.renew_lua)
    /// Gives a flight back.
    static let abandon = script("abandon", PackageResources.abandon_lua)
    /// Gives a flight back whose answer is not kept.
    static let decline = script("decline", PackageResources.decline_lua)
    /// Deletes a record.
    static let purge = script("purge", PackageResources.purge_lua)
    /// Purges all records whose names have a prefix.
    static let purgePrefix = script("purge_prefix", PackageResources.purge_prefix_lua)
    /// Deletes all records with a tag.
    static let purgeTag = script("purge_tag", PackageResources.purge_tag_lua)

    private static func script(_ name: String, _ source: [UInt8]) -> RedisScript {
        RedisScript(name: "cache/\(name).lua", source: PackageResources.prelude_lua + source)
    }
}
