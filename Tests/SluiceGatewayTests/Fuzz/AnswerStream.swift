/// Judges everything that a server sent on one connection whose requests nobody can tell apart.
enum AnswerStream {
    /// What no answer may be; nil when there is nothing wrong: each answer has a proper head, an honest status, and as many bytes as it
    /// says, unless it is the answer to a HEAD.
    /// - Parameter isCut: whether the end may be missing, since the server closed while there was more to read.
    static func fault(in bytes: [UInt8], isCut: Bool) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = headEnd(rest) else { return isCut ? nil : "a head without an end: \(shown(rest))" }
            let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
            guard let status = lines.first?.wholeMatch(of: /HTTP\/1\.1 (\d\d\d) [ -~]+/).flatMap({ Int($0.1) }) else {
                return "no status line: \(shown(rest))"
            }
            guard (100...505).contains(status), status != 500 else { return "status \(status): \(shown(rest))" }
            var length = 0
            for line in lines.dropFirst() where !line.isEmpty {
                guard let field = line.wholeMatch(of: /([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([^\r\n\0]*)/) else { return "no header: \(line)" }
                if field.1.lowercased() == "content-length" { length = Int(field.2) ?? -1 }
            }
            guard length >= 0 else { return "no length: \(shown(rest))" }
            rest = rest[end...]
            // Of an answer to a HEAD only the head comes; the library sends the heads of some refusals twice as well.
            if rest.isEmpty || rest.starts(with: "HTTP/1.1 ".utf8) || status == 304 { continue }
            guard rest.count >= length else { return isCut ? nil : "\(rest.count) bytes of \(length): \(shown(rest))" }
            rest = rest.dropFirst(length)
        }
        return nil
    }

    private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        let blank = Array("\r\n\r\n".utf8)
        guard bytes.count >= blank.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - blank.count)).first { bytes[$0...].starts(with: blank) }.map { $0 + blank.count }
    }

    private static func shown(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription }
}
