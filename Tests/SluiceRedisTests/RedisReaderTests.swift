import SluiceRandom
import Testing

@testable import SluiceRedis

@Suite(.timeLimit(.minutes(10))) struct RedisReaderTests {
    private func read(_ text: [UInt8], by step: Int = .max) throws -> [RedisValue] {
        let reader = RedisReader(maximumReply: 1 << 20)
        var values: [RedisValue] = []
        var start = 0
        while start < text.count {
            let end = min(text.count, start + min(step, text.count))
            try text[start..<end].withUnsafeBytes { try reader.feed($0) }
            while let value = try reader.next() { values.append(value) }
            start = end
        }
        return values
    }

    @Test(arguments: [1, 2, 3, 7, Int.max]) func `replies come out whole, however they are cut`(step: Int) throws {
        let text =
            "+OK\r\n:-42\r\n$-1\r\n*-1\r\n$0\r\n\r\n$4\r\na\r\nb\r\n*0\r\n*3\r\n*2\r\n:1\r\n*0\r\n-ERR no\r\n*1\r\n+x\r\n-GONE away\r\n"
        #expect(
            try read(Array(text.utf8), by: step) == [
                .status("OK"), .integer(-42), .null, .null, .bulk([]), .bulk(Array("a\r\nb".utf8)), .array([]),
                .array([.array([.integer(1), .array([])]), .error("ERR no"), .array([.status("x")])]), .error("GONE away"),
            ])
    }

    @Test func `a reply of many small elements is bounded as well, and many small replies are not`() throws {
        let elements = [UInt8]([UInt8](repeating: 0, count: 1_000).flatMap { _ in Array(":1\r\n".utf8) })
        let reader = RedisReader(maximumReply: 1 << 16)
        for _ in 0..<100 {
            try elements.withUnsafeBytes { try reader.feed($0) }
            while try reader.next() != nil {}
        }
        try Array("*2000000000\r\n".utf8).withUnsafeBytes { try reader.feed($0) }
        #expect(try reader.next() == nil)
        #expect(throws: RedisError.self) {
            for _ in 0..<100 {
                try elements.withUnsafeBytes { try reader.feed($0) }
                _ = try reader.next()
            }
        }
    }

    @Test func `a number is read from its digits as from its text`() {
        var generator = SeededGenerator(seed: 5)
        let edges = [
            "", "-", "+", "0", "-0", "+7", "007", "1-", " 1", "\(Int64.max)", "\(Int64.min)", "9223372036854775808", "-9223372036854775809",
        ]
        let random = (0..<5_000).map { _ in
            String(
                (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                    "0123456789012345678901234567890123456789-x".randomElement(using: &generator)!
                })
        }
        for text in edges + random {
            #expect(RedisValue.bulk(Array(text.utf8)).int64 == Int64(text), "\(text)")
            #expect(RedisValue.bulk(Array(("-" + text).utf8)).int64 == Int64("-" + text), "-\(text)")
        }
        #expect(RedisValue.bulk(Array("held".utf8)).isText("held") && !RedisValue.bulk(Array("hel".utf8)).isText("held"))
        #expect(!RedisValue.null.isText("") && RedisValue.bulk([]).isText(""))
    }

    @Test func `what the encoder writes the reader reads`() throws {
        for lengths in [[0], [1, 9, 10], [99, 100, 101, 1_000, 70_000]] {
            let arguments = lengths.map { length in (0..<length).map { _ in UInt8.random(in: 0...255) } }
            var encoder = CommandEncoder()
            encoder.append(command: arguments)
            #expect(try read(encoder.bytes) == [.array(arguments.map { .bulk($0) })])
        }
    }

    @Test func `arguments arrive as they were appended, numbers in decimal digits`() throws {
        let numbers: [Int64] = [0, 7, -1, 10, 1_795_254_423_648_123, .max, .min]
        var arguments: CommandArguments = ["text", "", "größer"]
        arguments.append([0, 13, 10, 255])
        for number in numbers { arguments.append(number) }
        var encoder = CommandEncoder()
        encoder.begin(arguments.count)
        encoder.append(arguments)
        let expected = ["text", "", "größer"].map { Array($0.utf8) } + [[0, 13, 10, 255]] + numbers.map { Array("\($0)".utf8) }
        #expect(try read(encoder.bytes) == [.array(expected.map { .bulk($0) })])
    }

    @Test(arguments: ["hello\r\n", "HTTP/1.1 400 Bad Request\r\n", "*2147483648\r\n", "$99999999999999999999\r\n", ":x\r\n\u{1}"])
    func `what is not Redis is refused`(text: String) {
        let error = #expect(throws: RedisError.self) { try read(Array(text.utf8)) }
        #expect(error?.code == .protocolError)
    }

    @Test func `a claimed array of two thousand million elements costs no memory`() throws {
        #expect(try read(Array("*2147483647\r\n:1\r\n".utf8)) == [])
    }

    @Test func `a reply beyond the bound is refused`() {
        let text = Array("$9000000\r\n".utf8) + [UInt8](repeating: 0, count: 2 << 20)
        #expect(throws: RedisError.self) { try read(text, by: 4_096) }
    }

    @Test func `many small replies in one piece stay within the bound of one`() throws {
        let text = [[UInt8]](repeating: Array("$10\r\n0123456789\r\n".utf8), count: 100_000).flatMap { $0 }
        #expect(try read(text, by: 8_192).count == 100_000)
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `random bytes are read or refused, never fatal`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("+-:$*0123456789\r\n\r\nOKx".utf8)
        for _ in 0..<5_000 {
            var text = (0..<Int.random(in: 1...60, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! }
            if Bool.random(using: &generator) { text[0] = UInt8.random(in: 0...255, using: &generator) }
            _ = try? read(text, by: Int.random(in: 1...60, using: &generator))
        }
    }

    @Test func `a script is named by the SHA-1 of its text`() {
        #expect(RedisScript(name: "", source: []).digest == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(RedisScript(name: "", source: Array("abc".utf8)).digest == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            RedisScript(name: "", source: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)).digest
                == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
    }
}
