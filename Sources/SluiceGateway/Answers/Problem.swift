import Sluice
import SluiceServer

/// Why a request got no answer from a mirror, as a client reads it: a problem document of RFC 9457.
///
/// `type` is `urn:sluice:problem:CODE`; the code stands in `code` as well, and what `Retry-After` says in `retry_after`, in seconds.
struct Problem: Error, Sendable {
    /// The HTTP status.
    var status: Int
    /// The kind of problem; that of a `SluiceError`, or one of the gateway's own.
    var code: String
    /// What happened, what was expected, what to do.
    var detail: String
    /// Seconds until it is worth asking again, at least 1.
    var retryAfter: Int64?
    /// More header fields, such as `Allow`.
    var headers: [(name: String, value: String)] = []

    init(_ status: Int, _ code: String, _ detail: String, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
    }

    /// What a failed call means to an HTTP client.
    init(_ error: SluiceError) {
        // Calls are cancelled for clients who have gone, and will not read this, and at the end of the gateway.
        if error.code == .cancelled {
            code = "shutDown"
            status = error.hasLeft ? 504 : 503
            detail =
                error.hasLeft
                ? "the gateway ends, and the request has left: it may be carried out" : "the gateway ends; ask another one, or again later"
            if !error.hasLeft { retryAfter = 1 }
            return
        }
        status =
            switch error.code {
            case .invalidRequest: 400
            case .noSlotInTime, .coordinatorUnavailable, .incompatibleVersion, .shutDown, .leaseLost: 503
            case .mirrorsUnavailable, .responseTooLarge, .decodingFailed, .unsuccessfulStatus: 502
            case .deadlineExceeded: 504
            default: 500
            }
        code = error.code.description
        detail = error.message
        if status == 503 || error.retryAfter != nil { retryAfter = Self.seconds(error.retryAfter ?? .seconds(1)) }
    }

    /// Whole seconds, rounded up, at least 1: earlier would be in vain.
    static func seconds(_ wait: Duration) -> Int64 {
        let (seconds, attoseconds) = wait.components
        return max(1, attoseconds > 0 ? seconds + 1 : seconds)
    }

    /// The answer to the request for `target`.
    /// - Parameter target: as it was sent; nil when it could not be read.
    func response(to target: String?) -> ServerResponse {
        var document =
            "{\"type\":\(JSONString.quoted("urn:sluice:problem:\(code)")),\"title\":\(JSONString.quoted(Self.title(status))),"
            + "\"status\":\(status),\"detail\":\(JSONString.quoted(detail))"
        if let target { document += ",\"instance\":\(JSONString.quoted(Self.reference(target)))" }
        document += ",\"code\":\(JSONString.quoted(code))"
        if let retryAfter { document += ",\"retry_after\":\(retryAfter)" }
        document += "}\n"
        var fields = [(name: "Content-Type", value: "application/problem+json"), (name: "Cache-Control", value: "no-store")] + headers
        if let retryAfter { fields.append((name: "Retry-After", value: "\(retryAfter)")) }
        return ServerResponse(status: status, headers: fields, body: Array(document.utf8))
    }

    /// A target as a URI reference. One that is no plain path is escaped as a whole, so that nobody takes it for a host.
    private static func reference(_ target: String) -> String {
        let shown = target.utf8.prefix(512)
        let isPath = shown.first == UInt8(ascii: "/") && !shown.dropFirst().starts(with: "/".utf8)
        var result = ""
        for byte in shown {
            let isPlain =
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "-._~".utf8.contains(byte) || (isPath && "/?&=%!$'()*+,;:@".utf8.contains(byte))
                }
            if isPlain {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private static func title(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 431: "Request Header Fields Too Large"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: status < 500 ? "Request Refused" : "Internal Server Error"
        }
    }
}
