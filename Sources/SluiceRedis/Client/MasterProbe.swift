import SluiceLoop

/// Looks where the name of a server leads that takes no writes, by a connection of its own: commands on the present one are not
/// disturbed where it leads to the same replica as ever. It carries out what `MasterSearch` decides. Confined to the loop's thread.
final class MasterProbe {
    private let loop: EventLoop
    private let endpoint: RedisEndpoint
    private let options: RedisClientOptions
    private var search: MasterSearch
    private var connection: RedisConnection?

    init(on loop: EventLoop, endpoint: RedisEndpoint, options: RedisClientOptions) {
        self.loop = loop
        self.endpoint = endpoint
        self.options = options
        search = MasterSearch(
            minimum: options.backOffMinimum.microseconds, maximum: options.standingBackOffMaximum.microseconds)
    }

    /// A command was refused since the server is a replica.
    /// - Parameters:
    ///   - present: the server that commands go to, when asked.
    ///   - move: called, later, when the name leads to another server that is a master.
    func refused(present: @escaping () -> RedisHandshake.Server?, move: @escaping () -> Void) {
        guard search.refused(at: .now) else { return }
        let ended = { [weak self] (found: RedisHandshake.Server?) in
            guard let self else { return }
            close()
            if search.ended(found, present: present(), at: .now, chance: .random(in: 0..<1)) { move() }
        }
        connection = RedisConnection(
            on: loop, endpoint: endpoint, options: options,
            events: .init(ready: { ended($0) }, received: { _ in }, ended: { _ in ended(nil) }))
        connection?.open()
    }

    /// Ends a look that is under way; again is harmless.
    func close() {
        connection?.close()
        connection = nil
    }
}
