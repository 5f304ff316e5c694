/// The head of an answer, read line by line as curl hands it over. A value without I/O.
///
/// Interim heads (1xx) are read and dropped; what follows the final head (trailers) only counts against the limit.
package struct ResponseHead {
    /// The final status; 0 until its line has come.
    package private(set) var status = 0
    /// The version that the status line names.
    package private(set) var version = HTTPResponse.Version.http11
    /// The fields of the head, in order.
    package private(set) var headers: [(name: String, value: String)] = []
    /// What `Content-Length` says, when it says a number.
    package private(set) var contentLength: Int?
    /// Bytes of all lines so far, line ends included.
    package private(set) var byteCount = 0

    private enum State {
        case statusLine, fields, done
    }
    private var state = State.statusLine

    /// A head of which nothing has come.
    package init() {}

    /// Whether the final head has come whole.
    package var isComplete: Bool { state == .done }

    /// Reads one line with its line end. Returns false when the head has become larger than `limit` bytes.
    package mutating func read(_ line: UnsafeRawBufferPointer, limit: Int) -> Bool {
        byteCount += line.count
        guard byteCount <= limit else { return false }
        var end = line.count
        while end > 0, line[end - 1] == 0x0a || line[end - 1] == 0x0d { end -= 1 }
        let text = UnsafeRawBufferPointer(rebasing: line[..<end])
        switch state {
        case .statusLine:
            readStatus(text)
            state = .fields
        case .fields where text.isEmpty:
            state = status >= 200 ? .done : .statusLine
        case .fields:
            readField(text)
        case .done: break
        }
        return true
    }

    /// `HTTP/1.1 200 OK`: the version up to the first space, then three digits.
    private mutating func readStatus(_ line: UnsafeRawBufferPointer) {
        status = 0
        headers.removeAll(keepingCapacity: true)
        headers.reserveCapacity(8)
        contentLength = nil
        let space = line.firstIndex(of: 0x20) ?? line.count
        if space > 5, line[5] == UInt8(ascii: "2") {
            version = .http2
        } else {
            version = space == 8 && line[7] == UInt8(ascii: "0") ? .http10 : .http11
        }
        for byte in line.dropFirst(space).drop(while: { $0 == 0x20 }).prefix(3) {
            guard byte >= 0x30, byte <= 0x39 else { break }
            status = status * 10 + Int(byte - 0x30)
        }
    }

    private mutating func readField(_ line: UnsafeRawBufferPointer) {
        if line[0] == 0x20 || line[0] == 0x09 {
            // An obsolete folded line continues the value before it (RFC 9112, section 5.2).
            if let last = headers.indices.last { headers[last].value += " " + Self.text(line[...]) }
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        // Blanks before the colon are none of the name (RFC 9112, section 5.1).
        let end = line[..<colon].lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? 0
        let name = UnsafeRawBufferPointer(rebasing: line[..<end])
        let value = line[(colon + 1)...]
        let field = (
            name: String(decoding: name, as: UTF8.self), value: Self.isName("etag", name) ? Self.exactText(value) : Self.text(value)
        )
        headers.append(field)
        if Self.isName("content-length", name) { contentLength = Int(field.value) }
    }

    /// - Parameter expected: in lower case; letters and hyphens.
    private static func isName(_ expected: StaticString, _ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count == expected.utf8CodeUnitCount else { return false }
        // Upper and lower case differ by this bit; the hyphen has it.
        return name.indices.allSatisfy { name[$0] | 0x20 == expected.utf8Start[$0] }
    }

    /// A value; one that is not UTF-8 is read as ISO 8859-1, in which fields were written once (RFC 9110, section 5.5).
    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let value = trimmed(bytes)
        if let text = String(validating: value, as: UTF8.self) { return text }
        return String(String.UnicodeScalarView(value.map { Unicode.Scalar($0) }))
    }

    /// A value that counts byte by byte: what is not UTF-8 in it becomes U+FFFD, by which others know that it is not what was sent.
    private static func exactText(_ bytes: Slice<UnsafeRawBufferPointer>) -> String { String(decoding: trimmed(bytes), as: UTF8.self) }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        var start = bytes.startIndex
        var end = bytes.endIndex
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
