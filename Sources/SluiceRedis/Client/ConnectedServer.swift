package import SluiceLoop

/// The server behind one connection. What was read here may go into a command that holds for this server only; such a command is
/// bound to the connection: `RedisClient.command(_:on:)`.
package struct ConnectedServer: Sendable {
    /// What it said of itself when the connection was made.
    let identity: RedisHandshake.Server
    /// Which of the client's connections it is: each has another number.
    let connection: UInt32
    let connectedAt: Instant

    /// The random name of this life of the server.
    package var runID: String { identity.runID }

    /// For how long it has surely been up and has been the same, in microseconds. Its own clock tells in whole seconds how long it had
    /// been before this connection was made.
    package func age(at now: Instant) -> Int64 {
        max(0, identity.uptime - 1) * 1_000_000 + max(0, now.microseconds(since: connectedAt))
    }
}
