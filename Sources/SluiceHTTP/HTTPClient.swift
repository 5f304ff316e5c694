package import SluiceLoop

/// An HTTP client on an event loop: curl's multi interface, woken by the loop's own descriptors and timer.
///
/// One answer for one leave: the gate is asked at each attempt on the wire, curl's silent repetitions included.
/// Redirects are not followed; no proxy, cookie, `.netrc` or other state of the environment is used.
package actor HTTPClient {
    private let loop: EventLoop

    /// All of the client's work runs on the loop's thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A client on the loop. Throws ``HTTPError/Code/invalidOptions``.
    package init(loop: EventLoop, options: HTTPClientOptions = HTTPClientOptions()) throws(HTTPError) {
        try options.validate()
        self.loop = loop
    }

    /// Sends one request and returns its whole answer.
    ///
    /// - Parameters:
    ///   - timeout: the bound of the whole: name lookup, waiting for a connection, connecting, sending, receiving; 1 ms…1 day.
    ///   - gate: called on the loop's thread, synchronously, just before the bytes of *each* attempt go out; `false` aborts
    ///     that attempt (``HTTPError/Code/attemptRefused``). It must not call the client.
    /// - Throws: an ``HTTPError`` by the timeout at the latest. Cancelling the task aborts the transfer.
    package func send(
        _ request: HTTPRequest, timeout: Duration, attempt gate: @escaping @Sendable () -> Bool
    ) async throws(HTTPError) -> HTTPResponse {
        throw HTTPError(code: .shutDown, message: "This client is not built yet.", wasSent: false, endedAt: .now)
    }

    /// Ends what is under way with ``HTTPError/Code/shutDown``, closes every connection, and returns when all are closed.
    package func shutDown() async {}
}
