internal import CSluiceMicrohttpd

/// An answer as libmicrohttpd wants it, with a copy of the body. It may be queued on any number of connections, which keep it for as long
/// as they need it; nobody changes it.
final class PreparedResponse: @unchecked Sendable {
    // Unchecked, since a pointer is not known to be sendable: the library counts references to what it points to behind a lock.
    let pointer: OpaquePointer

    /// - Parameter closing: whether the client is told that the connection ends.
    init?(_ response: ServerResponse, closing: Bool = false) {
        let made = response.body.withUnsafeBytes { bytes in
            // MUST_COPY: the one copy of the body; the pointer is only read, whatever its type says.
            MHD_create_response_from_buffer(bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let made else { return nil }
        for (name, value) in response.headers { MHD_add_response_header(made, name, value) }
        if closing { MHD_add_response_header(made, "Connection", "close") }
        pointer = made
    }

    deinit { MHD_destroy_response(pointer) }
}
