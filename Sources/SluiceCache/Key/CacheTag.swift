/// Names by which answers are purged together.
package enum CacheTag {
    /// The longest tag, in bytes.
    static let lengthLimit = 1_024
    /// The most tags of one answer.
    static let countLimit = 512
    /// The most bytes of one answer's tags together: what the services that know such tags allow.
    static let bytesLimit = 16_384

    /// The tags of an answer, each once: those of the policy, then those of its `Cache-Tag` (separated by commas) and `Surrogate-Key` (by
    /// spaces). What can be no tag is left out, since nobody can purge by it. Nil: there are more than can be kept, so that the answer
    /// could not be purged by all of them.
    static func tags(of headers: [(String, String)], policy: CachePolicy) -> [String]? {
        var tags: [String] = []
        var seen: Set<String> = []
        func add(_ tag: String) {
            guard fault(in: tag) == nil, seen.insert(tag).inserted else { return }
            tags.append(tag)
        }
        for tag in policy.tags { add(tag) }
        for (name, value) in headers {
            let parts: [Substring]
            switch name.lowercased() {
            case "cache-tag": parts = value.split(separator: ",").map(trimmed)
            case "surrogate-key": parts = value.split { $0 == " " || $0 == "\t" }
            default: continue
            }
            for tag in parts { add(String(tag)) }
        }
        return fault(in: tags) == nil ? tags : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    /// What keeps a text from being a tag, as it becomes part of a Redis key and of a list; nil: nothing.
    package static func fault(in tag: String) -> String? {
        if tag.isEmpty { return "it is empty" }
        if tag.utf8.count > lengthLimit { return "it has \(tag.utf8.count) bytes, of at most \(lengthLimit)" }
        return tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? nil : "it is not one word of visible ASCII, such as user-7"
    }

    /// What keeps one answer from having all these tags; nil: nothing.
    package static func fault(in tags: [String]) -> String? {
        let bytes = tags.reduce(0) { $0 + $1.utf8.count }
        guard tags.count > countLimit || bytes > bytesLimit else { return nil }
        return "\(tags.count) tags of \(bytes) bytes are too many for one answer, which has at most \(countLimit) of \(bytesLimit) bytes"
    }
}
