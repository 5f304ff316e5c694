import SluiceRedis

/// The cheapest limiter that there is, as a script that every permit runs: a counter per window.
enum CounterScript {
    static let source = "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n"

    /// For our own client.
    static let script = RedisScript(name: "counter", source: Array(source.utf8))

    /// The counter.
    static let key = "permits"
    /// Milliseconds of its window.
    static let window = "60000"
}
