package import SluiceRedis

/// The ledger's scripts: each is the parts that it goes by, and its own file behind them.
///
/// A script runs as one text, from its first line on, at each call: a part that it has no use for would cost Redis time.
package enum LedgerScript {
    package static let reserve = script("reserve", knowing + changing + [PackageResources.reserve_lua])
    package static let settle = script("settle", knowing + changing + [PackageResources.verdict_lua, PackageResources.settle_lua])
    package static let penalise = script("penalise", knowing + changing + [PackageResources.verdict_lua, PackageResources.penalise_lua])
    package static let announce = script("announce", knowing + changing + [PackageResources.announce_lua])
    package static let pull = script("pull", knowing + looking + [PackageResources.pull_lua])
    package static let inspect = script("inspect", knowing + looking + [PackageResources.inspect_lua])

    package static let copy = script("copy", knowing + looking + [PackageResources.copy_lua])
    package static let contribute = script("contribute", knowing + changing + [PackageResources.contribute_lua])
    package static let gather = script("gather", knowing + looking + [PackageResources.gather_lua])
    package static let restore = script("restore", knowing + changing + [PackageResources.restore_lua])

    /// What is known of the ledger, and of the time; each part goes by those before it only.
    private static let knowing = [
        PackageResources.ledger_lua, PackageResources.call_lua,
        PackageResources.releases_lua, PackageResources.grants_lua, PackageResources.conduct_lua, PackageResources.rules_lua,
        PackageResources.room_lua, PackageResources.agreement_lua, PackageResources.load_lua, PackageResources.clock_lua,
        PackageResources.upkeep_lua, PackageResources.reply_lua,
    ]

    private static let changing = [PackageResources.loss_lua, PackageResources.begin_lua, PackageResources.save_lua]

    private static let looking = [PackageResources.look_lua]

    private static func script(_ name: String, _ parts: [[UInt8]]) -> RedisScript {
        RedisScript(name: name, source: Array(parts.joined()))
    }
}
