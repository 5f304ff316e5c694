/// The mirror that a slot is for.
public struct Mirror: Hashable, Sendable {
    /// The name in metrics and answers.
    public let name: String
    /// The base URL.
    public let url: String
    /// Sent with every request to it.
    public let headers: [String: String]
}

extension Mirror {
    /// The header fields, in lower case, that some of these mirrors are sent with other values than others, or not at all.
    static func differingFields(_ mirrors: [Mirror]) -> Set<String> {
        let own = mirrors.map { mirror in
            Dictionary(mirror.headers.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
        }
        return Set(own.flatMap(\.keys)).filter { name in Set(own.map { $0[name] }).count > 1 }
    }
}
