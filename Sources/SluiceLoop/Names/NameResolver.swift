internal import CSluiceLibuv
internal import Glibc
import Synchronization

/// Asks the system's resolver for the addresses of a host.
///
/// It cannot be interrupted, and while a name server is silent it takes as long as `resolv.conf` says, ten seconds and more. So each question
/// has a thread of its own: libuv's workers take two at a time in a process, and a loop cannot end before what they have begun. Whoever asks
/// for the same name meanwhile shares the answer, so that attempts which gave up do not pile up.
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
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(LoopError(status: status(code), "look up the host “\(host)”")) }
        defer { freeaddrinfo(list) }
        return .success(addresses(in: list))
    }

    /// The resolver's code as libuv's, which has a name.
    private static func status(_ code: Int32) -> Int32 {
        switch code {
        case EAI_SYSTEM: -errno
        case EAI_NONAME: UV_EAI_NONAME.rawValue
        // EAI_NODATA, which the header shows to GNU programs only: there is such a host, and it has no address.
        case -5: UV_EAI_NODATA.rawValue
        case EAI_AGAIN: UV_EAI_AGAIN.rawValue
        case EAI_MEMORY: UV_EAI_MEMORY.rawValue
        default: UV_EAI_FAIL.rawValue
        }
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
