import FoundationEssentials
import SluiceLoop
import SluiceServer

/// One request and its answer, for an access log.
public struct AccessRecord: Sendable, Hashable {
    /// The client's IP address; nil when the system does not say. That of a reverse proxy, when there is one.
    public var client: String?
    /// When the request's head was complete, in whole seconds since 1970, by this host's clock.
    public var time: Int64
    /// The request line as it was sent: method, target, version; nil when the target held bytes that no target may hold.
    public var requestLine: String?
    /// The answer's status; 499 (nginx' number for it) when the connection broke before the answer had left.
    public var status: Int
    /// The length of the answer's body as it was sent, in bytes; 0 when the connection broke.
    public var bodyBytes: Int
    /// The request's `Referer`.
    public var referer: String?
    /// The request's `User-Agent`.
    public var userAgent: String?
    /// From the complete head to the end of the answer.
    public var duration: Duration

    /// The record as a line of the Combined Log Format, which web servers write and every log reader reads; without a line end.
    ///
    /// `127.0.0.1 - - [21/Nov/2026:01:12:26 +0000] "GET /todos/9 HTTP/1.1" 200 105 "-" "curl/7.88.1"`. Times are UTC. Quotes and
    /// backslashes are escaped by a backslash, all bytes that are no visible ASCII as `\x0a`, so that nobody can forge a line.
    public var combined: String {
        "\(client ?? "-") - - [\(LogTime.text(time))] \"\(Self.escaped(requestLine))\" \(status) \(bodyBytes == 0 ? "-" : "\(bodyBytes)")"
            + " \"\(Self.escaped(referer))\" \"\(Self.escaped(userAgent))\""
    }

    private static func escaped(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "-" }
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                result += "\\"
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
            }
        }
        return result
    }
}

extension AccessRecord {
    /// From what the server saw, just now.
    init(_ exchange: ServerExchange) {
        client = exchange.peer?.ip
        duration = Instant.now.duration(since: exchange.arrivedAt)
        time = Int64((Date.now.timeIntervalSince1970 - duration / .seconds(1)).rounded(.down))
        requestLine = exchange.target.map { "\(exchange.method) \($0) \(exchange.version)" }
        // A whole answer of which we know nothing is one that the HTTP library gave: the body was framed wrongly.
        status = exchange.isWhole ? exchange.status ?? 400 : 499
        bodyBytes = exchange.isWhole ? exchange.bodyBytes : 0
        referer = exchange.headers["Referer"]
        userAgent = exchange.headers["User-Agent"]
    }
}
