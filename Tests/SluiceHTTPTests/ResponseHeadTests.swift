import SluiceHTTP
import SluiceRandom
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ResponseHeadTests {
    private func head(_ lines: [String], limit: Int = 65_536) -> (ResponseHead, Bool) {
        var head = ResponseHead()
        var isWithin = true
        for line in lines {
            isWithin = Array((line + "\r\n").utf8).withUnsafeBytes { head.read($0, limit: limit) }
            if !isWithin { break }
        }
        return (head, isWithin)
    }

    @Test func `interim heads leave nothing behind, and trailers are not fields`() {
        let (head, _) = head(["HTTP/1.1 103 Early", "Link: a", "Content-Length: 9", "", "HTTP/1.1 200", "A: b", "", "T: railer"])
        #expect(head.isComplete)
        #expect(head.status == 200)
        #expect(head.headers.map(\.name) == ["A"])
        #expect(head.contentLength == nil)
    }

    @Test func `a value that is not UTF-8 is read as ISO 8859-1, but for a tag, in which it shows`() {
        var head = ResponseHead()
        let lines: [[UInt8]] = [
            Array("HTTP/1.1 200".utf8), Array("X-A: ".utf8) + [0x63, 0xE9, 0x80], Array("X-B: cé".utf8),
            Array("ETag: \"".utf8) + [0xE9, 0x22],
        ]
        for line in lines { _ = (line + [13, 10]).withUnsafeBytes { head.read($0, limit: 65_536) } }
        #expect(head.headers.map(\.value) == ["cé\u{80}", "cé", "\"\u{FFFD}\""])
    }

    @Test func `blanks before the colon are none of the name`() {
        let (head, _) = head(["HTTP/1.1 200", "Cache-Control : no-store", "Content-Length\t : 7", " : x"])
        #expect(head.headers.prefix(2).map(\.name) == ["Cache-Control", "Content-Length"])
        #expect(head.headers.first?.value == "no-store" && head.contentLength == 7)
    }

    @Test(arguments: [
        ("HTTP/1.0 404 X", 404, "HTTP/1.0"), ("HTTP/1.1 200", 200, "HTTP/1.1"), ("HTTP/2 503 ", 503, "HTTP/2"), ("HTTP/1.1", 0, "HTTP/1.1"),
    ])
    func `a status line gives version and status`(line: String, status: Int, version: String) {
        let (head, _) = head([line])
        #expect(head.status == status)
        #expect(head.version.rawValue == version)
    }

    @Test func `fields keep order, case and repeats; folded lines join the value before them`() {
        let (head, _) = head(["HTTP/1.1 200 OK", "B:2", "a:\t 1 \t", "B: 3", "  more", "junk", "content-LENGTH: 12", "Empty:", ""])
        #expect(head.headers.map { "\($0.name)=\($0.value)" } == ["B=2", "a=1", "B=3 more", "content-LENGTH=12", "Empty="])
        #expect(head.contentLength == 12)
    }

    @Test func `the limit counts every byte of every line`() {
        #expect(head(["HTTP/1.1 200 OK", ""], limit: 19).1)
        #expect(!head(["HTTP/1.1 200 OK", ""], limit: 18).1)
        #expect(!head(["HTTP/1.1 100 C", "", "HTTP/1.1 200 OK", ""], limit: 30).1)
    }

    @Test(arguments: UInt64(1)...20)
    func `any bytes are read without harm`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("HTTP/1.2 :\t\r\n\0aé9-".utf8)
        for _ in 0..<500 {
            var head = ResponseHead()
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let line = (0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
                _ = line.withUnsafeBytes { head.read($0, limit: 100) }
            }
            #expect((0...999).contains(head.status))
        }
    }
}
