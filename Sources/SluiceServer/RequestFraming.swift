/// What a request's headers say about its body. Pure.
///
/// Two programs that read the same bytes must find the same requests in them; where a head leaves room for two readings
/// (RFC 9112, section 6.3), it is refused rather than interpreted.
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

    /// Notes a header that bears on the body; others change nothing.
    mutating func note(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        switch name.count {
        case 14 where ServerHeaders.isSame(name, "content-length".utf8): noteLength(value)
        case 17 where ServerHeaders.isSame(name, "transfer-encoding".utf8): noteCoding(value)
        default: break
        }
    }

    /// The body that follows; nil when the head can be read in two ways.
    var body: Body? {
        if isAmbiguous || (isChunked && length != nil) { return nil }
        if isChunked { return .chunked }
        guard let length, length > 0 else { return Body.none }
        return .length(length)
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
        if isChunked || !ServerHeaders.isSame(value, "chunked".utf8) { isAmbiguous = true }
        isChunked = true
    }
}
