/// What a request's headers say about its body, and whether everybody reads them alike. Pure.
///
/// Two programs that read the same bytes must find the same requests in them; where a head leaves room for two readings
/// (RFC 9112, sections 3.2, 5.1 and 6.3), it is refused rather than interpreted.
struct RequestFraming: Equatable {
    /// How long the body is.
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    private var length: Int?
    private var isChunked = false
    private(set) var isAmbiguous = false

    private(set) var hosts = 0
    /// Whether a header names a transfer coding, whatever it is.
    private(set) var hasCoding = false

    /// Notes a header: its name must be a token, its value free of control characters (to some programs a carriage return alone ends a
    /// line, to some a NUL the text), and some names bear on the request's bounds.
    mutating func note(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.isEmpty || !name.allSatisfy(Self.isTokenByte) { isAmbiguous = true }
        if value.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) { isAmbiguous = true }
        switch name.count {
        case 4 where ServerHeaders.isSame(name, "host".utf8):
            hosts += 1
            if !value.allSatisfy(Self.isHostByte) { isAmbiguous = true }
        case 14 where ServerHeaders.isSame(name, "content-length".utf8): noteLength(value)
        case 17 where ServerHeaders.isSame(name, "transfer-encoding".utf8): noteCoding(value)
        default: break
        }
    }

    /// Notes that there is more between the headers than the ends of lines: one that goes on over several lines, or a NUL. Not everybody
    /// reads that alike.
    mutating func noteStray() { isAmbiguous = true }

    /// The body that follows; nil when the head can be read in two ways.
    var body: Body? {
        if isAmbiguous || (isChunked && length != nil) { return nil }
        if isChunked { return .chunked }
        guard let length, length > 0 else { return Body.none }
        return .length(length)
    }

    /// RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    /// What a host and its port may hold: RFC 3986, section 3.2.2, without user information.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3B, 0x41...0x5B, 0x5D, 0x61...0x7A: true  // digits, colon, semicolon, letters, brackets
        case 0x21, 0x24...0x2E, 0x3D, 0x5F, 0x7E: true  // ! $ % & ' ( ) * + , - . = _ ~
        default: false
        }
    }

    private mutating func noteLength(_ value: UnsafeRawBufferPointer) {
        var sum = 0
        for digit in value {
            guard digit >= 0x30, digit <= 0x39, sum < Int.max / 10 - 10 else { return isAmbiguous = true }
            sum = sum * 10 + Int(digit - 0x30)
        }
        if value.isEmpty || length != nil { isAmbiguous = true }
        length = sum
    }

    private mutating func noteCoding(_ value: UnsafeRawBufferPointer) {
        hasCoding = true
        if isChunked || !ServerHeaders.isSame(value, "chunked".utf8) { isAmbiguous = true }
        isChunked = true
    }
}
