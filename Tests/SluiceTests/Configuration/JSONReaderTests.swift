import Testing

@testable import Sluice

/// JSON as RFC 8259 has it, with places.
@Suite(.timeLimit(.minutes(10)))
struct JSONReaderTests {
    private func value(_ text: String) throws(JSONTextError) -> JSONNode.Value { try JSONReader.read(Array(text.utf8)).value }

    @Test func `values of every kind are read`() throws {
        #expect(try value(" true ") == .bool(true))
        #expect(try value("null") == .null)
        #expect(try value("[]") == .array([]))
        #expect(try value("{ }") == .object([]))
        #expect(try value("\u{FEFF}false") == .bool(false))
        for number in ["0", "-0", "12", "-1.5", "1e9", "1.25E-3", "1E+2"] { #expect(try value(number) == .number(number)) }
    }

    @Test func `escapes are resolved, surrogate pairs too`() throws {
        #expect(try value(#""a\"\\\/\b\f\n\r\té\ud83d\ude00ü""#) == .string("a\"\\/\u{8}\u{c}\n\r\té😀ü"))
    }

    @Test func `each value knows its place`() throws {
        let text = Array("{\n  \"é\": [1,\n    \"x\"]}".utf8)
        let root = try JSONReader.read(text)
        guard case .object(let members) = root.value, case .array(let elements) = members[0].node.value else {
            Issue.record("an object with an array was expected")
            return
        }
        #expect(TextPosition(offset: members[0].keyOffset, in: text).description == "2:3")
        #expect(TextPosition(offset: members[0].node.offset, in: text).description == "2:8")
        #expect(TextPosition(offset: elements[1].offset, in: text).description == "3:5")
    }

    @Test(arguments: [
        ("01", 0), ("-", 1), ("1.", 2), ("1e", 2), ("+1", 0), (".5", 0), ("tru", 0), ("nan", 0), ("\"a", 0), ("\"a\nb\"", 2), (#""\x""#, 1),
        (#""\u12g4""#, 1), (#""\ud800""#, 1), (#""\udc00""#, 1), (#""\ud800A""#, 1), ("[1 2]", 3), ("[1,]", 3), ("[", 1), ("{\"a\" 1}", 5),
        ("{\"a\":1,}", 7), ("{a:1}", 1), ("{\"a\":1,\"a\":2}", 7), ("1 2", 2), ("", 0), ("'a'", 0), ("// x\n1", 0), ("\"a\" //", 4),
        (#"["\"#, 2),
    ])
    func `what is no JSON is refused where it stops being it`(text: String, offset: Int) throws {
        let error = #expect(throws: JSONTextError.self) { try value(text) }
        #expect(error?.offset == offset, "\(error?.reason ?? "")")
    }

    @Test func `deep nesting is refused, not followed into the ground`() throws {
        let levels = 100_000
        #expect(throws: JSONTextError.self) { try value(String(repeating: "[", count: levels)) }
        #expect(throws: JSONTextError.self) { try value(String(repeating: "{\"a\":", count: levels)) }
        #expect(throws: Never.self) { try value(String(repeating: "[", count: 32) + String(repeating: "]", count: 32)) }
    }

    @Test func `bytes that are not UTF-8 are refused in texts and outside`() throws {
        #expect(throws: JSONTextError.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONTextError.self) { try JSONReader.read([0xFF]) }
    }
}
