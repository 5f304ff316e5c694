extension PoolStatus {
    /// The status as one JSON object: `{"pool", "leader": {…} or null, "mirrors": {NAME: {…}}, "nodes": {NODE: {…}}}`. Names and
    /// words are texts, whatever they look like. Other values that are numbers are written as numbers. A number larger than a double can be
    /// stays a text. Empty values are null.
    public var json: String {
        let leaderText = leader.map(Self.object) ?? "null"
        return
            "{\"pool\":\(Self.quoted(pool)),\"leader\":\(leaderText),\"mirrors\":\(Self.object(mirrors)),\"nodes\":\(Self.object(nodes))}"
    }

    /// Fields of a leader, a mirror or a node that are texts: a host may be called 10.50.
    private static let texts: Set<String> = [
        "node", "host", "role", "url", "circuit", "limits", "limits_announced", "limits_configured", "limits_counting",
    ]

    private static func object(_ entries: [Entry]) -> String {
        "{" + entries.map { "\(quoted($0.name)):\(object($0.fields))" }.joined(separator: ",") + "}"
    }

    private static func object(_ fields: [String: String]) -> String {
        let members = fields.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(value($0.value, isText: texts.contains($0.key)))" }
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func value(_ text: String, isText: Bool) -> String {
        if text.isEmpty { return "null" }
        if isText { return quoted(text) }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let isNumber =
            digits.first?.isNumber == true && digits.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
            && (digits.first != "0" || digits.count == 1 || digits.dropFirst().first == ".") && digits.last != "."
            && Double(text)?.isFinite == true
        return isNumber ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
