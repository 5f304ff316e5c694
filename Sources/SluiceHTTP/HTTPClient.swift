package import SluiceLoop

/// An HTTP client on an event loop: curl's multi interface, woken by the loop's own descriptors and timers.
///
/// One leave for one attempt: the gate is asked each time a request is about to go out, curl's silent repetitions
/// included. Redirects are not followed. Nothing of the environment is used: no proxy, no cookie, no `.netrc`.
///
/// Shut the client down before its loop.
package actor HTTPClient {
    private let loop: EventLoop
    private let options: HTTPClientOptions
    private var transfers: Transfers?
    private var isShutDown = false
    private var lastID: UInt64 = 0

    /// All of the client's work runs on the loop's thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A client on the loop. Throws ``HTTPError/Code/invalidOptions``.
    package init(loop: EventLoop, options: HTTPClientOptions = HTTPClientOptions()) throws(HTTPError) {
        try options.validate()
        self.loop = loop
        self.options = options
    }

    isolated deinit { transfers?.close() }

    /// Sends one request and returns its whole answer.
    ///
    /// - Parameters:
    ///   - timeout: bounds the whole: the wait for a connection, name lookup, connecting, sending, receiving.
    ///   - startBy: a request whose first byte has not left by then ends at once, unsent (``HTTPError/Code/lateStart``).
    ///   - gate: called on the loop's thread, synchronously, just before the bytes of *each* attempt go out; `false` aborts
    ///     that attempt (``HTTPError/Code/attemptRefused``). It runs inside curl and must not block.
    /// - Throws: an ``HTTPError`` by the timeout at the latest. Cancelling the task cuts the transfer off.
    package func send(
        _ request: HTTPRequest, timeout: Duration, startBy: Instant = .distantFuture, attempt gate: @escaping @Sendable () -> Bool
    ) async throws(HTTPError) -> HTTPResponse {
        guard !isShutDown, loop.isOpen else {
            throw HTTPError(
                code: .shutDown, message: "The HTTP client was shut down: the request was not sent.", wasSent: false, endedAt: .now)
        }
        guard !Task.isCancelled else {
            throw HTTPError(
                code: .cancelled, message: "The caller's task was cancelled before the request was sent.", wasSent: false, endedAt: .now)
        }
        lastID += 1
        let id = lastID
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                running().begin(id, request, timeout: timeout, startBy: startBy, gate: gate) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            // After this turn's work, so never before the transfer has begun.
            loop.execute { [weak self] in self?.assumeIsolated { $0.transfers?.cancel(id) } }
        }
        return try outcome.get()
    }

    /// Requests that have begun and not ended: queued, or on their way.
    package var outstanding: Int { transfers?.count ?? 0 }

    /// Ends what is under way with ``HTTPError/Code/shutDown`` and closes every connection. A client is shut down for good.
    package func shutDown() async {
        isShutDown = true
        transfers?.close()
        transfers = nil
    }

    /// curl and the timers are made on the loop's thread, so with the first request.
    private func running() -> Transfers {
        if let transfers { return transfers }
        let new = Transfers(on: loop, options: options) { [weak self, loop] name in
            Task(executorPreference: loop) { await self?.lookUp(name) }
        }
        transfers = new
        return new
    }

    private func lookUp(_ name: NameCache.Name) async {
        let result: Result<[SocketAddress], LoopError>
        do {
            result = .success(try await NameLookup.addresses(of: name.host, port: name.port, on: loop))
        } catch {
            result = .failure(error)
        }
        transfers?.resolved(name, result)
    }
}
