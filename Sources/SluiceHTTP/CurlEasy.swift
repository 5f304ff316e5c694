internal import CSluiceCurl
import SluiceLoop

/// One of curl's easy handles, with what its current transfer has brought so far. Confined to the loop's thread.
///
/// What never changes is set once; a handle is then used again for one transfer after the other.
final class CurlEasy {
    /// Why we, not curl, ended the transfer.
    enum Stop {
        case deadlinePassed, refusedByGate, bodyTooLarge, headTooLarge
        /// There was no socket to be had: the system's error number.
        case noSocket(Int32)
    }

    /// The transfer that uses the handle now.
    private(set) var id: UInt64 = 0
    /// How many attempts the gate let pass. Above zero, bytes may have left.
    private(set) var attempts = 0
    /// When the transfer was prepared: from then on it has a connection, or makes one.
    private(set) var connectingSince = Instant.distantFuture
    /// When the answer's first byte came.
    private(set) var firstByteAt: Instant?
    /// Set when a callback ended the transfer.
    private(set) var stop: Stop?

    private let options: HTTPClientOptions
    private let opened: (Int32) -> Void
    private let passed: (CurlEasy) -> Void
    private let handle: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var gate: (() -> Bool)?
    private var deadline = Instant.distantFuture
    private var head = ResponseHead()
    private var body: [UInt8] = []
    private var userTimeout: UInt32 = 0
    /// Why the last socket that curl asked for could not be made; 0: it could.
    private var socketFault: Int32 = 0
    /// Whether the deadline comes before the connect timeout does.
    private var deadlineComesFirst = false
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var addressList: UnsafeMutablePointer<curl_slist>?
    private var hasPayload = false
    /// What the handle is set to since its last transfer; nil: nothing yet.
    private var isSetToSecure: Bool?
    private var isSetToGet = false

    /// - Parameters:
    ///   - closeSocket: what curl calls to close a connection's socket, with its argument.
    ///   - opened: called inside curl with each new connection's socket.
    ///   - passed: called inside curl when an attempt passed the gate; it must not call curl.
    init(
        options: HTTPClientOptions, closeSocket: @escaping curl_closesocket_callback, closeArgument: UnsafeMutableRawPointer,
        opened: @escaping (Int32) -> Void, passed: @escaping (CurlEasy) -> Void
    ) {
        self.options = options
        self.opened = opened
        self.passed = passed
        handle = curl_easy_init()
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let me = Unmanaged.passUnretained(self).toOpaque()
        sluice_curl_set_pointer(handle, CURLOPT_PRIVATE, me)
        sluice_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        sluice_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        sluice_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        sluice_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        sluice_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        // An empty proxy keeps curl from reading http_proxy and its kin: the mirror counts by address, so the way must be ours.
        sluice_curl_set_text(handle, CURLOPT_PROXY, "")
        sluice_curl_set_text(handle, CURLOPT_USERAGENT, options.userAgent)
        // curl cuts the idle time to whole seconds before it compares: one less keeps the promise.
        sluice_curl_set_long(handle, CURLOPT_MAXAGE_CONN, Int(options.idleConnectionLife.components.seconds) - 1)
        if let certificates = options.trustedCertificates { sluice_curl_set_text(handle, CURLOPT_CAINFO, certificates) }
        sluice_curl_set_close_socket(handle, closeSocket, closeArgument)
        sluice_curl_set_open_socket(
            handle,
            { easy, _, address in CurlEasy.of(easy).openSocket(address!.pointee) }, me)
        sluice_curl_set_prerequest(
            handle, { easy, _, _, _, _ in CurlEasy.of(easy).mayAttempt() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT }, me)
        sluice_curl_set_header(
            handle, { line, size, count, easy in CurlEasy.of(easy).readHead(UnsafeRawBufferPointer(start: line, count: size * count)) }, me)
        sluice_curl_set_write(
            handle, { data, size, count, easy in CurlEasy.of(easy).readBody(UnsafeRawBufferPointer(start: data, count: size * count)) }, me)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        curl_slist_free_all(addressList)
        errorText.deallocate()
    }

    /// Sets the handle up for one transfer.
    /// - Parameters:
    ///   - addresses: where the host's name leads; empty when the host is an address itself.
    ///   - deadline: no attempt begins after it; who ends the transfer then is the caller.
    func prepare(
        _ id: UInt64, _ request: HTTPRequest, to origin: Origin, at addresses: [SocketAddress], until deadline: Instant,
        gate: @escaping () -> Bool
    ) {
        self.id = id
        self.gate = gate
        self.deadline = deadline
        connectingSince = .now
        let milliseconds = max(1, min(deadline.microseconds(since: connectingSince) / 1_000, Int64(Int32.max)))
        userTimeout = UInt32(milliseconds)
        sluice_curl_set_text(handle, CURLOPT_URL, request.url)
        let connectMilliseconds = options.connectTimeout.microseconds / 1_000
        deadlineComesFirst = milliseconds <= connectMilliseconds
        // The deadline again where it is shorter, so that curl divides the time there is among a name's addresses.
        sluice_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(milliseconds, connectMilliseconds))))
        if isSetToSecure != origin.isSecure {
            isSetToSecure = origin.isSecure
            // HTTP/2 needs TLS here. Others wait for the first connection's handshake instead of opening their own.
            sluice_curl_set_long(handle, CURLOPT_HTTP_VERSION, origin.isSecure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
            sluice_curl_set_long(handle, CURLOPT_PIPEWAIT, origin.isSecure ? 1 : 0)
        }
        let isGet = request.method == "GET" && request.body.isEmpty
        if !isGet || !isSetToGet { setMethod(request) }
        isSetToGet = isGet
        if hasPayload || !request.headers.isEmpty {
            headerList = Self.list(headerLines(of: request))
            sluice_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
        }
        if !addresses.isEmpty {
            let texts = addresses.map { $0.isIPv6 ? "[\($0.ip)]" : $0.ip }
            addressList = Self.list(["+\(origin.host):\(origin.port):\(texts.joined(separator: ","))"])
            sluice_curl_set_list(handle, CURLOPT_RESOLVE, addressList)
        }
    }

    /// Lets go of the transfer's memory; the handle is not in a multi handle any more.
    func clear() {
        gate = nil
        attempts = 0
        firstByteAt = nil
        stop = nil
        socketFault = 0
        head = ResponseHead()
        body = []
        errorText.pointee = 0
        if hasPayload { sluice_curl_set_pointer(handle, CURLOPT_POSTFIELDS, nil) }
        hasPayload = false
        if headerList != nil { sluice_curl_set_list(handle, CURLOPT_HTTPHEADER, nil) }
        if addressList != nil { sluice_curl_set_list(handle, CURLOPT_RESOLVE, nil) }
        curl_slist_free_all(headerList)
        curl_slist_free_all(addressList)
        headerList = nil
        addressList = nil
    }

    /// The answer, once curl has said that the transfer is complete. Nil when no final head came.
    func takeResponse(at now: Instant) -> HTTPResponse? {
        guard head.isComplete, let firstByteAt else { return nil }
        return HTTPResponse(
            status: head.status, headers: head.headers, body: body, firstByteAt: firstByteAt, completedAt: now,
            connectionReused: sluice_curl_get_long(handle, CURLINFO_NUM_CONNECTS) == 0, version: head.version)
    }

    /// The error for a transfer that did not succeed.
    func failure(_ code: CURLcode, host: String, at now: Instant) -> HTTPError {
        // curl's own words on this failure, or else on its kind.
        let explanation = errorText.pointee != 0 ? String(cString: errorText) : String(cString: curl_easy_strerror(code))
        // Whose timer is first, curl's or the caller's, is chance when both are set to the deadline.
        if code == CURLE_OPERATION_TIMEDOUT, attempts == 0, deadlineComesFirst { stop = .deadlinePassed }
        if code == CURLE_COULDNT_CONNECT, Resources.isLack(socketFault) { stop = .noSocket(socketFault) }
        return HTTPError(
            curl: code, explanation: explanation, stop: stop, attempts: attempts, isHeadWhole: head.isComplete, host: host,
            options: options, connectingSince: connectingSince, at: now)
    }

    /// Lends the raw handle to the multi handle, which alone may use it, and only within `body`.
    func withHandle<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result { body(handle) }

    /// The object of a raw handle.
    static func owner(of handle: UnsafeMutableRawPointer) -> CurlEasy { of(sluice_curl_get_private(handle)) }

    // MARK: What a request becomes

    private func setMethod(_ request: HTTPRequest) {
        hasPayload = !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method)
        if hasPayload {
            sluice_curl_set_long(handle, CURLOPT_POST, 1)
            sluice_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
            if request.body.isEmpty {
                // Without an address curl would read a body from standard input.
                sluice_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, "")
            } else {
                request.body.withUnsafeBytes { bytes in
                    _ = sluice_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
                }
            }
        } else if request.method == "HEAD" {
            sluice_curl_set_long(handle, CURLOPT_NOBODY, 1)
        } else {
            sluice_curl_set_long(handle, CURLOPT_HTTPGET, 1)
        }
        let isUsual = request.method == (hasPayload ? "POST" : "GET") || request.method == "HEAD"
        sluice_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, isUsual ? nil : request.method)
    }

    private func headerLines(of request: HTTPRequest) -> [String] {
        var lines = request.headers.map { header in
            // curl takes "Name:" as "leave it out" and "Name;" as "send it empty".
            header.value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? "\(header.name);" : "\(header.name): \(header.value)"
        }
        if hasPayload {
            lines.append("Expect:")
            if !request.headers.contains(where: { RequestRules.isSameName($0.name, "content-type") }) { lines.append("Content-Type:") }
        }
        return lines
    }

    private static func list(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        return list
    }

    // MARK: Called by curl

    private func openSocket(_ address: curl_sockaddr) -> Int32 {
        let socket = sluice_open_stream_socket(address.family, address.socktype, address.protocol, userTimeout)
        guard socket >= 0 else {
            socketFault = -socket
            return CURL_SOCKET_BAD
        }
        socketFault = 0
        opened(socket)
        return socket
    }

    private func mayAttempt() -> Bool {
        // A loop that was held up may be late for its own timer: nothing goes out after the deadline.
        guard deadline > .now else {
            stop = .deadlinePassed
            return false
        }
        guard let gate, gate() else {
            stop = .refusedByGate
            return false
        }
        attempts += 1
        passed(self)
        return true
    }

    private func readHead(_ line: UnsafeRawBufferPointer) -> Int {
        if firstByteAt == nil { firstByteAt = .now }
        guard head.read(line, limit: options.headerBytes) else {
            stop = .headTooLarge
            return 0
        }
        return line.count
    }

    private func readBody(_ data: UnsafeRawBufferPointer) -> Int {
        let expected = head.contentLength ?? 0
        guard max(body.count + data.count, expected) <= options.bodyBytes else {
            stop = .bodyTooLarge
            // Any other count than the chunk's ends the transfer; zero would be right for an empty chunk.
            return data.count + 1
        }
        if body.isEmpty { body.reserveCapacity(max(expected, data.count)) }
        body.append(contentsOf: data)
        return data.count
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> CurlEasy {
        Unmanaged<CurlEasy>.fromOpaque(pointer!).takeUnretainedValue()
    }
}
