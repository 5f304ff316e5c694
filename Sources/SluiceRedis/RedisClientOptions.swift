import SluiceLoop

/// How a Redis connection behaves. The defaults suit a server on the same network.
package struct RedisClientOptions: Sendable {
    /// Time for name lookup, connecting and logging in together. Default 2 s.
    package var connectTimeout: Duration = .seconds(2)
    /// Time from asking for a command to its reply; a command that finds no connection waits as long for one. When a sent command
    /// exceeds it the connection is closed, since later replies would be out of step. Default 2 s.
    package var commandTimeout: Duration = .seconds(2)
    /// The longest wait before the first new attempt to connect. Each failure doubles it; the wait is chosen between 0 and it at random
    /// (full jitter), so that clients of a restarted server do not all come back at once. Default 50 ms.
    package var backOffMinimum: Duration = .milliseconds(50)
    /// Where the doubling ends: no member of a pool is away for much longer than a restart of the server takes, which a muster relies
    /// on. Default 250 ms.
    package var backOffMaximum: Duration = .milliseconds(250)
    /// Where the doubling ends while the server is there and something stands in the way until somebody changes it: a subscriber is refused, or
    /// comes to another server than the commands; or commands come to a replica, and its name is looked up again. Default 5 s.
    package var standingBackOffMaximum: Duration = .seconds(5)
    /// Bytes of commands that may wait to be sent; more are refused with `.backPressure`. Default 16 MiB.
    package var maximumOutput = 16 << 20
    /// Bytes of one reply that are accepted; a larger one ends the connection. Default 512 MiB, the server's own bound for a string.
    package var maximumReply = 512 << 20
    /// How often a subscriber asks its server for a sign of life. Default 1 s.
    package var livenessInterval: Duration = .seconds(1)
    /// The connection's name in `CLIENT LIST`: printable ASCII without spaces. Default `sluice`.
    package var clientName = "sluice"

    package init() {}

    /// Throws `.invalidConfiguration`, naming the option, when a value cannot work.
    package func validate() throws(RedisError) {
        try positive("connectTimeout", connectTimeout)
        try positive("commandTimeout", commandTimeout)
        try positive("backOffMinimum", backOffMinimum)
        try positive("livenessInterval", livenessInterval)
        guard backOffMaximum >= backOffMinimum else {
            throw invalid("backOffMaximum", "\(backOffMaximum)", "must not be less than backOffMinimum (\(backOffMinimum))")
        }
        guard standingBackOffMaximum >= backOffMinimum else {
            throw invalid("standingBackOffMaximum", "\(standingBackOffMaximum)", "must not be less than backOffMinimum (\(backOffMinimum))")
        }
        guard maximumOutput >= 1_024 else { throw invalid("maximumOutput", "\(maximumOutput)", "must be at least 1024 bytes") }
        guard maximumReply >= 1_024 else { throw invalid("maximumReply", "\(maximumReply)", "must be at least 1024 bytes") }
        guard !clientName.isEmpty, clientName.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw invalid("clientName", "“\(clientName)”", "must be printable ASCII without spaces, and not empty")
        }
    }

    private func positive(_ name: String, _ value: Duration) throws(RedisError) {
        // A year is more than anyone means, and far from where sums of microseconds overflow.
        guard value > .zero, value < .seconds(366 * 86_400) else {
            throw invalid(name, "\(value)", "must be longer than 0 and shorter than a year")
        }
    }

    private func invalid(_ name: String, _ value: String, _ rule: String) -> RedisError {
        RedisError(.invalidConfiguration, "RedisClientOptions.\(name) is \(value); it \(rule).")
    }
}
