import SluiceLoop

/// What a request must satisfy before a byte of it leaves: nothing in it may add a header, a second request or another host.
package enum RequestRules {
    /// Throws ``HTTPError/Code/invalidRequest`` saying which part is at fault; the message shows no value.
    package static func check(_ request: HTTPRequest) throws(HTTPError) {
        guard isToken(request.method), request.method != "CONNECT" else {
            throw refusal("The method is not one that can be sent: give a token such as GET (CONNECT is for proxies).")
        }
        guard request.method != "HEAD" || request.body.isEmpty else {
            throw refusal("A HEAD request has no body: send it without one.")
        }
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw refusal("The URL holds spaces, control or non-ASCII characters: percent-encode it first.")
        }
        for header in request.headers {
            guard isToken(header.name) else {
                throw refusal("A header's name is not a token: letters, digits and hyphens will do.")
            }
            guard !isFraming(header.name) else {
                throw refusal("The header \(header.name) belongs to the connection and is set by the client itself: leave it out.")
            }
            guard isFieldValue(header.value) else {
                throw refusal("The value of the header \(header.name) holds control characters (a line end, perhaps): take them out.")
            }
        }
    }

    /// Whether the text is a token of RFC 9110, section 5.6.2 (a method, a header's name).
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { tokenBytes[Int($0)] }
    }

    /// Whether the text may be a header's value: no control characters but the tab (RFC 9110, section 5.5).
    package static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
    }

    /// Whether a header of this name says where a message ends or what the connection does: only the client itself may set it.
    package static func isFraming(_ name: String) -> Bool { framing.contains { isSameName($0, name) } }

    /// Whether a header of this name asks for a part of the answer, or for it on a condition (RFC 9110, sections 13.1 and 14.2).
    package static func isConditional(_ name: String) -> Bool { conditional.contains { isSameName($0, name) } }

    /// Whether two header names are the same but for the case of ASCII letters.
    package static func isSameName(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lowered($0) == lowered($1) }
    }

    /// Set by a caller they would smuggle.
    private static let framing = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect", "proxy-connection",
        "http2-settings",
    ]

    private static let conditional = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"]

    private static let tokenBytes: [Bool] = (0..<256).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case let byte: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

    private static func refusal(_ message: String) -> HTTPError {
        HTTPError(code: .invalidRequest, message: message, wasSent: false, endedAt: .now)
    }
}
