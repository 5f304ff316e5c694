import SluiceRedis

extension RedisClientOptions {
    /// Time enough for a machine that stands still.
    static var patient: RedisClientOptions {
        var options = RedisClientOptions()
        (options.connectTimeout, options.commandTimeout) = (.seconds(60), .seconds(60))
        return options
    }
}
