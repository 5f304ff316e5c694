internal import CSluiceLibuv

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

    private final class Pending {
        let host: String
        let port: UInt16
        let continuation: CheckedContinuation<Result<[SocketAddress], LoopError>, Never>

        init(_ host: String, _ port: UInt16, _ continuation: CheckedContinuation<Result<[SocketAddress], LoopError>, Never>) {
            self.host = host
            self.port = port
            self.continuation = continuation
        }
    }

    private static func start(
        _ host: String, _ port: UInt16, _ loop: EventLoop,
        _ continuation: CheckedContinuation<Result<[SocketAddress], LoopError>, Never>
    ) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        request.pointee.data = Unmanaged.passRetained(Pending(host, port, continuation)).toOpaque()
        let status = uv_getaddrinfo(
            loop.rawLoop, request,
            { request, status, list in
                let pending = Unmanaged<Pending>.fromOpaque(request!.pointee.data).takeRetainedValue()
                request!.deallocate()
                defer { uv_freeaddrinfo(list) }
                guard status == 0 else {
                    pending.continuation.resume(returning: .failure(LoopError(status: status, "look up the host “\(pending.host)”")))
                    return
                }
                pending.continuation.resume(returning: .success(NameLookup.collect(list, port: pending.port)))
            }, host, nil, &hints)
        if status != 0 {
            let pending = Unmanaged<Pending>.fromOpaque(request.pointee.data).takeRetainedValue()
            request.deallocate()
            pending.continuation.resume(returning: .failure(LoopError(status: status, "look up the host “\(host)”")))
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
