internal import CSluiceLibuv
import Synchronization

/// Asks the system's resolver for the addresses of a host.
///
/// It cannot be interrupted, and while a name server is silent it takes as long as `resolv.conf` says, ten seconds and more. So each question
/// has a thread of its own, for which neither other questions wait (libuv works on two at a time in a process) nor a loop that ends; and whoever
/// asks for the same name meanwhile shares the answer, so that attempts which gave up do not pile up.
enum NameResolver {
    typealias Answer = Result<[SocketAddress], LoopError>

    /// Who waits for which host.
    private static let asked = Mutex<[String: [@Sendable (Answer) -> Void]]>([:])

    /// Calls `answered` once, on another thread or on this one, with the host's addresses at port 0, in the system's order, without repeats.
    static func ask(_ host: String, _ answered: @escaping @Sendable (Answer) -> Void) {
        let isNew = asked.withLock { asked in
            asked[host, default: []].append(answered)
            return asked[host]!.count == 1
        }
        guard isNew else { return }
        do throws(LoopError) {
            try DetachedThread.start("sluice-names") { tell(lookUp(host), to: host) }
        } catch {
            tell(.failure(error), to: host)
        }
    }

    private static func tell(_ answer: Answer, to host: String) {
        for answered in asked.withLock({ $0.removeValue(forKey: host) }) ?? [] { answered(answer) }
    }

    private static func lookUp(_ host: String) -> Answer {
        // The process's signals are for threads that do not sit in the resolver.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let attempt = "look up the host “\(host)”"
        // libuv wants a loop, on which nothing runs: without a callback it asks on the spot.
        var loop = uv_loop_t()
        let status = uv_loop_init(&loop)
        guard status == 0 else { return .failure(LoopError(status: status, attempt)) }
        defer { uv_loop_close(&loop) }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var request = uv_getaddrinfo_t()
        let outcome = uv_getaddrinfo(&loop, &request, nil, host, nil, &hints)
        guard outcome == 0 else { return .failure(LoopError(status: outcome, attempt)) }
        defer { uv_freeaddrinfo(request.addrinfo) }
        return .success(addresses(in: request.addrinfo))
    }

    private static func addresses(in list: UnsafeMutablePointer<addrinfo>?) -> [SocketAddress] {
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let raw = entry.pointee.ai_addr, let address = SocketAddress(raw), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }
}
