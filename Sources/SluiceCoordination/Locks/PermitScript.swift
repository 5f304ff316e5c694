import SluiceRedis

/// The permit scripts: each is `semaphore_prelude.lua` and its own file behind it.
enum PermitScript {
    static let ask = script("semaphore_ask", PackageResources.semaphore_ask_lua)
    static let renew = script("semaphore_renew", PackageResources.semaphore_renew_lua)
    static let release = script("semaphore_release", PackageResources.semaphore_release_lua)
    static let open = script("semaphore_open", PackageResources.semaphore_open_lua)

    private static func script(_ name: String, _ source: [UInt8]) -> RedisScript {
        RedisScript(name: name, source: PackageResources.semaphore_prelude_lua + source)
    }
}
