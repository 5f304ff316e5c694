package import SluiceRedis

/// The ledger's scripts: each is `conduct.lua`, `ledger.lua`, and its own file behind them.
package enum LedgerScript {
    package static let reserve = script("reserve", PackageResources.reserve_lua)
    package static let settle = script("settle", PackageResources.settle_lua)
    package static let penalise = script("penalise", PackageResources.penalise_lua)
    package static let announce = script("announce", PackageResources.announce_lua)
    package static let pull = script("pull", PackageResources.pull_lua)
    package static let inspect = script("inspect", PackageResources.inspect_lua)

    package static let copy = script("copy", PackageResources.copy_lua)
    package static let contribute = script("contribute", PackageResources.contribute_lua)
    package static let gather = script("gather", PackageResources.gather_lua)
    package static let restore = script("restore", PackageResources.restore_lua)

    private static func script(_ name: String, _ source: [UInt8]) -> RedisScript {
        let shared = PackageResources.rules_lua + PackageResources.conduct_lua + PackageResources.ledger_lua
        return RedisScript(name: name, source: shared + source)
    }
}
