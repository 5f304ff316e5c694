package import SluiceLoop

/// The Redis Sentinels that watch a master, by any of which its present address can be had.
package struct Sentinels: Hashable, Sendable {
    /// Where they listen, at least one, in the order in which they are asked.
    package let addresses: [ByteStream.Destination]
    /// What they call the master.
    package let master: String
}
