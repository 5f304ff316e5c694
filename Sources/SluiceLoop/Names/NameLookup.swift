internal import CSluiceLibuv
import Synchronization

/// Looks up host names without blocking the loop.
package enum NameLookup {
    /// The addresses of a host, in the system's order of preference, without repeats.
    /// - Parameters:
    ///   - host: a name, or an address as text (which is returned as it is, without asking the system).
    ///   - port: carried into each address.
    /// - Throws: the resolver's error, for example `EAI_NONAME` for a name that does not exist.
    package static func addresses(of host: String, port: UInt16, on loop: EventLoop) async throws(LoopError) -> [SocketAddress] {
        if let literal = SocketAddress(ip: host, port: port) { return [literal] }
        let outcome: Result<[SocketAddress], LoopError> = await withCheckedContinuation { continuation in
            loop.execute { start(host, port, loop, continuation) }
        }
        return try outcome.get()
    }

    private typealias Continuation = CheckedContinuation<Result<[SocketAddress], LoopError>, Never>

    private struct Key: Hashable {
        let loop: ObjectIdentifier
        let host: String
    }

    /// A question to the system, and all who have asked it. Confined to the loop's thread.
    private final class Lookup: @unchecked Sendable {
        let key: Key
        let loop: EventLoop
        var askers: [(port: UInt16, continuation: Continuation)] = []

        init(_ key: Key, _ loop: EventLoop) { (self.key, self.loop) = (key, loop) }
    }

    /// What is asked just now. Only a few questions of a process are worked on at a time, however long each takes: whoever asks the same shares the
    /// answer, so that attempts which gave up meanwhile keep nobody waiting.
    private static let running = Mutex<[Key: Lookup]>([:])

    private static func start(_ host: String, _ port: UInt16, _ loop: EventLoop, _ continuation: Continuation) {
        guard loop.isOpen else {
            return continuation.resume(returning: .failure(LoopError(status: UV_ECANCELED.rawValue, "look up the host “\(host)”")))
        }
        let key = Key(loop: ObjectIdentifier(loop), host: host)
        let (lookup, isNew) = running.withLock { running in
            if let lookup = running[key] { return (lookup, false) }
            let lookup = Lookup(key, loop)
            running[key] = lookup
            return (lookup, true)
        }
        lookup.askers.append((port, continuation))
        if isNew { ask(lookup) }
    }

    private static func ask(_ lookup: Lookup) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        request.pointee.data = Unmanaged.passRetained(lookup).toOpaque()
        let status = uv_getaddrinfo(
            lookup.loop.rawLoop, request,
            { request, status, list in
                NameLookup.answered(request!, status, list)
                uv_freeaddrinfo(list)
            }, lookup.key.host, nil, &hints)
        guard status == 0 else { return answered(request, status, nil) }
        // What has not begun by then never does; what has ends in its own time.
        lookup.loop.atStop(ObjectIdentifier(lookup)) {
            _ = UnsafeMutableRawPointer(request).withMemoryRebound(to: uv_req_t.self, capacity: 1) { uv_cancel($0) }
        }
    }

    private static func answered(
        _ request: UnsafeMutablePointer<uv_getaddrinfo_t>, _ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?
    ) {
        let lookup = Unmanaged<Lookup>.fromOpaque(request.pointee.data).takeRetainedValue()
        request.deallocate()
        lookup.loop.atStop(ObjectIdentifier(lookup), nil)
        running.withLock { $0[lookup.key] = nil }
        for asker in lookup.askers {
            asker.continuation.resume(
                returning: status == 0
                    ? .success(collect(list, port: asker.port))
                    : .failure(LoopError(status: status, "look up the host “\(lookup.key.host)”")))
        }
    }

    private static func collect(_ list: UnsafeMutablePointer<addrinfo>?, port: UInt16) -> [SocketAddress] {
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let raw = entry.pointee.ai_addr, let address = SocketAddress(raw),
                let withPort = SocketAddress(ip: address.ip, port: port), !found.contains(withPort)
            {
                found.append(withPort)
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
