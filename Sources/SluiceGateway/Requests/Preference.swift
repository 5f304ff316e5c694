/// `Prefer` (RFC 7240).
enum Preference {
    /// The longest wait in seconds that is taken at its word: a day.
    static let longestWait = 86_400

    /// The seconds of the first `wait` preference in these lines; nil when there is none, or it is no number.
    static func wait(_ lines: [String]) -> Int? {
        for line in lines {
            for preference in pieces(line, at: ",") {
                // Parameters of the preference come after a semicolon; `wait` has none.
                guard let first = pieces(preference, at: ";").first else { continue }
                let sides = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
                guard sides.count == 2, sides[0].lowercased() == "wait" else { continue }
                var digits = sides[1]
                if digits.count >= 2, digits.first == "\"", digits.last == "\"" { digits = digits.dropFirst().dropLast() }
                // The first of several counts, by section 2, even if it cannot be used.
                guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
                return min(Int(digits) ?? longestWait, longestWait)
            }
        }
        return nil
    }

    /// Splits outside of quoted strings.
    private static func pieces(_ text: some StringProtocol, at separator: Character) -> [Substring] {
        var pieces: [Substring] = []
        var current = Substring(text)[...]
        let whole = current
        var start = whole.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in whole.indices {
            let character = whole[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == separator, !isQuoted {
                current = whole[start..<index]
                pieces.append(trimmed(current))
                start = whole.index(after: index)
            }
        }
        pieces.append(trimmed(whole[start...]))
        return pieces
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
