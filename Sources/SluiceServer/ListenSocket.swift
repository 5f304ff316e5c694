internal import CSluiceMicrohttpd
internal import Glibc

/// Opens the socket that a server accepts from. We do it ourselves, since the HTTP library does not say why it failed.
enum ListenSocket {
    /// A listening, non-blocking socket, and the port that it got.
    /// - Throws: an error that names the address, the reason and a remedy.
    static func open(_ address: ListenAddress, backlog: Int) throws(ServerError) -> (descriptor: Int32, port: UInt16) {
        var port: UInt16 = 0
        let descriptor = sluice_listen(address.ip, address.port, Int32(clamping: backlog), &port)
        guard descriptor >= 0 else { throw failure(-descriptor, address) }
        return (descriptor, port)
    }

    private static func failure(_ code: Int32, _ address: ListenAddress) -> ServerError {
        switch code {
        case EADDRINUSE:
            return ServerError(
                .addressInUse,
                "cannot listen on \(address): another process listens on port \(address.port) already; "
                    + "end it (ss -ltnp 'sport = :\(address.port)' shows it) or choose another port (0 takes any free one)")
        case EADDRNOTAVAIL:
            return ServerError(
                .addressUnavailable,
                "cannot listen on \(address): \(address.ip) is no address of this host; choose one that `ip address` shows, or 0.0.0.0 for all"
            )
        case EACCES:
            return ServerError(
                .addressUnavailable,
                "cannot listen on \(address): this process may not take port \(address.port); choose a port of 1024 or above")
        default:
            let reason = String(cString: strerror(code))
            return ServerError(.system, "cannot listen on \(address): \(reason) (errno \(code)); see the limits of this process and host")
        }
    }
}
