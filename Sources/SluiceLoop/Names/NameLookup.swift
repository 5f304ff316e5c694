internal import CSluiceLibuv

/// Looks up host names without blocking the loop.
package enum NameLookup {
    /// The addresses of a host, in the system's order of preference, without repeats.
    /// - Parameters:
    ///   - host: a name, or an address as text (which is returned as it is, without asking the system).
    ///   - port: carried into each address.
    ///   - loop: once it ends, the answer is not waited for.
    /// - Throws: the resolver's error, for example `EAI_NONAME` for a name that does not exist; `ECANCELED` when the loop ends.
    package static func addresses(of host: String, port: UInt16, on loop: EventLoop) async throws(LoopError) -> [SocketAddress] {
        if let literal = SocketAddress(ip: host, port: port) { return [literal] }
        let answer = await withCheckedContinuation { continuation in
            loop.execute { Asker(host, loop, continuation).ask() }
        }
        return try answer.get().compactMap { SocketAddress(ip: $0.ip, port: port) }
    }

    /// Who waits for an answer, until the loop ends. Confined to the loop's thread.
    private final class Asker: @unchecked Sendable {
        private let host: String
        private let loop: EventLoop
        private var continuation: CheckedContinuation<NameResolver.Answer, Never>?

        init(_ host: String, _ loop: EventLoop, _ continuation: CheckedContinuation<NameResolver.Answer, Never>) {
            self.host = host
            self.loop = loop
            self.continuation = continuation
        }

        func ask() {
            let canceled = NameResolver.Answer.failure(LoopError(status: UV_ECANCELED.rawValue, "look up the host “\(host)”"))
            guard loop.isOpen else { return end(canceled) }
            loop.atStop(ObjectIdentifier(self)) { self.end(canceled) }
            NameResolver.ask(host) { answer in self.loop.execute { self.end(answer) } }
        }

        private func end(_ answer: NameResolver.Answer) {
            loop.atStop(ObjectIdentifier(self), nil)
            continuation?.resume(returning: answer)
            continuation = nil
        }
    }
}
