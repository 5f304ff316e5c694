import SluiceMirror
import SluiceRandom

/// Makes bytes that look like requests, and are broken in ways that hurt: whole ones from a list, mutated a few times. From one seed always
/// the same.
struct RequestMutator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// What is sent on one connection, cut into the pieces that it is sent in.
    mutating func next() -> [[UInt8]] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) { bytes += Self.requests.randomElement(using: &random)! }
        for _ in 0..<Int.random(in: 0...6, using: &random) { mutate(&bytes) }
        if bytes.count > 300_000 { bytes.removeLast(bytes.count - 300_000) }
        var pieces: [[UInt8]] = []
        while !bytes.isEmpty, pieces.count < 4 {
            let count = Bool.random(using: &random) ? bytes.count : Int.random(in: 1...bytes.count, using: &random)
            pieces.append(Array(bytes.prefix(count)))
            bytes.removeFirst(count)
        }
        return pieces + (bytes.isEmpty ? [] : [bytes])
    }

    /// Whether the client says that it will send no more, or leaves that to the server's patience.
    mutating func endsSending() -> Bool { Int.random(in: 0..<8, using: &random) > 0 }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes = [UInt8.random(in: .min ... .max, using: &random)] }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<9, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 4, 5: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random)!, at: place)
        case 6: bytes.replaceSubrange(place..<end, with: Self.pieces.randomElement(using: &random)!)
        case 7: bytes.removeSubrange(place...)
        default:
            let count = [100, 5_000, 17_000, 70_000, 200_000].randomElement(using: &random)!
            bytes.insert(contentsOf: repeatElement(bytes[place], count: count), at: place)
        }
    }

    private static let requests: [[UInt8]] =
        [
            "GET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /posts/2 HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", W/\"y\"\r\n\r\n",
            "GET /todos?userId=3&_limit=2 HTTP/1.1\r\nHost: a\r\nPrefer: wait=1\r\nIf-Modified-Since: Sat, 21 Nov 2026 01:12:26 GMT\r\n\r\n",
            "POST /posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\":\"b\"}",
            "POST /posts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n4;a=b\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\nX: y\r\n\r\n",
            "PUT /posts/1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
            "GET /-/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /-/status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n",
            "POST /-/purge?path=%2Fposts%2F1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "GET /-/ready HTTP/1.0\r\n\r\n",
            "GET /get_todos/7 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x\r\nX: y\r\n\r\n",
            "GET http://evil.example/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GET /a%2f..%2fb/./../%00 HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /todos/1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /posts/1\r\n\r\n", "GET / HT",
        ].map { Array($0.utf8) } + [[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]]

    private static let pieces: [[UInt8]] = [
        "\r\n", "\n", "\r", "\r\n\r\n", "\0", " ", "\t", ":", ";", ",", "\"", "\\", "%", "%2e%2e/", "%2F", "%00", "//", "/../", "?", "#",
        "{", "}", "\u{7F}", "\u{FF}", "\r\n ", "Content-Length: 0\r\n", "Content-Length: -1\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "Host: b\r\n", "Connection: close\r\n", "Upgrade: h2c\r\n",
        "ffffffffffffffff\r\n", "0\r\n\r\n", "1\r\na\r\n", "Prefer: wait=0\r\n", "Prefer: wait=99999999999999999999\r\n", "HTTP/1.1",
        "HTTP/9.9",
        "GET ", "If-None-Match: *\r\n", "Authorization: Bearer \r\n", "/-/", "?path=", "?tag=%FF",
    ].map { Array($0.utf8) }
}
