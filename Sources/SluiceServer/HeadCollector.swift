internal import CSluiceMicrohttpd
internal import Glibc

/// Takes over a request's headers from the library.
final class HeadCollector {
    var headers = ServerHeaders()
    var framing = RequestFraming()
    /// Bytes that the library takes from the connection's memory besides the head itself: a note of each field and cookie, and a copy of the
    /// cookies.
    var notes = 0
    /// What it takes for one.
    static let note = 64

    /// Where what is known of the head ends so far.
    private var end: UnsafeRawPointer

    /// - Parameter version: where the request line's last part ends.
    init(after version: UnsafeRawPointer) {
        end = version
        headers.reserve(256)
    }

    /// The head ends here, behind its empty line.
    func end(at place: UnsafeRawPointer) {
        if !(2...4).contains(place - end) { framing.noteStray() }
    }

    static let collect: MHD_KeyValueIteratorN = { context, _, name, nameLength, value, valueLength in
        let collector = Unmanaged<HeadCollector>.fromOpaque(context!).takeUnretainedValue()
        let name = UnsafeRawBufferPointer(start: name, count: nameLength)
        var length = valueLength
        let bytes = UnsafeRawBufferPointer(start: value, count: valueLength)
        // The library cuts off the blanks before a value; those behind it are no part of it either.
        while length > 0, bytes[length - 1] == 0x20 || bytes[length - 1] == 0x09 { length -= 1 }
        let value = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        collector.headers.append(name, value)
        collector.framing.note(name: name, value: value)
        collector.notes += note
        if name.count == 6, strncasecmp(name.baseAddress!, "cookie", 6) == 0 {
            collector.notes += value.count + note * (1 + value.count { $0 == 0x3B })
        }
        if !collector.isNextLine(name, bytes) { collector.framing.noteStray() }
        collector.end = bytes.baseAddress.map { $0 + bytes.count } ?? collector.end
        return .YES
    }

    /// Whether name and value lie in the library's buffer as they stood there: behind the end of the line before, with a NUL for the colon
    /// between them, and blanks.
    ///
    /// libmicrohttpd 0.9.75 appends the continuation of a folded line (RFC 9112, section 5.2) to the header's *name*, in another place: of
    /// `Transfer-Encoding:`, CRLF, ` chunked` nothing is left that it or we would know. And it ends a value at a NUL. Programs before us may
    /// have read what is behind.
    private func isNextLine(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
        guard let start = name.baseAddress, let next = value.baseAddress else { return false }
        let count = next - (start + name.count)
        guard (1...2).contains(start - end), count > 0, count < 1 << 20 else { return false }
        let between = UnsafeRawBufferPointer(start: start + name.count, count: count)
        return between[0] == 0 && between.dropFirst().allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }
}
