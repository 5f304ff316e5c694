public import Sluice

/// The HTTP sidecar: programs in any language ask it as they would ask a mirror, and the pool answers.
public final class Gateway: Sendable {
    /// Listens, and answers from `pool` until ``shutDown(grace:)``.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`: an impossible setting, or an address that cannot be had; it names
    ///   address, port and remedy.
    public init(pool: MirrorPool, configuration: GatewayConfiguration = GatewayConfiguration()) async throws(SluiceError) {
        throw SluiceError(.invalidConfiguration, "not there yet")
    }

    /// The port that it listens on.
    public var port: UInt16 { 0 }

    /// Where it listens, with the port that it got: `127.0.0.1:8080`.
    public var address: String { "" }

    /// Accepts no more connections, lets answers under way finish for at most `grace`, then closes everything. The pool is its owner's
    /// to shut down, after this.
    public func shutDown(grace: Duration = .seconds(5)) async {}
}
