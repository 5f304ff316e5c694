internal import SluiceRedis

/// The cache's scripts, each with the common part in front.
enum CacheScripts {
    static let lookup = script("lookup", PackageResources.lookup_lua)
    static let fill = script("fill", PackageResources.fill_lua)
    static let renew = script("renew", PackageResources.renew_lua)
    static let abandon = script("abandon", PackageResources.abandon_lua)
    static let purge = script("purge", PackageResources.purge_lua)
    static let purgeTag = script("purge_tag", PackageResources.purge_tag_lua)

    private static func script(_ name: String, _ source: [UInt8]) -> RedisScript {
        RedisScript(name: "cache/\(name).lua", source: PackageResources.prelude_lua + source)
    }
}
