/// The tags of an answer: what the policy adds, and what the answer names itself.
enum AnswerTags {
    /// The longest tag in bytes; longer ones are left out.
    static let lengthLimit = 128
    /// The most tags of one answer; further ones are left out.
    static let countLimit = 64

    /// Tags of the policy, then those of `Cache-Tag` (separated by commas) and `Surrogate-Key` (by spaces), each once.
    static func of(headers: [(String, String)], policy: CachePolicy) -> [String] {
        var tags: [String] = []
        var seen: Set<String> = []
        func add(_ tag: String) {
            guard tags.count < countLimit, isWellFormed(tag), seen.insert(tag).inserted else { return }
            tags.append(tag)
        }
        for tag in policy.tags { add(tag) }
        for (name, value) in headers where ["cache-tag", "surrogate-key"].contains(name.lowercased()) {
            for tag in value.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) { add(String(tag)) }
        }
        return tags
    }

    /// Whether a tag can be kept: not empty, not too long, visible ASCII, since it becomes part of a Redis key and of a list.
    static func isWellFormed(_ tag: String) -> Bool {
        !tag.isEmpty && tag.utf8.count <= lengthLimit && tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
