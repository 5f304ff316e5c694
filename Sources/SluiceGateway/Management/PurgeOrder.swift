import Sluice

/// What a `POST /-/purge` wants forgotten.
enum PurgeOrder: Sendable {
    /// The answer for this target.
    case path(PoolTarget)
    /// All answers with this tag.
    case tag(PoolTag)
    /// All answers whose paths, as the mirrors know them, begin so.
    case prefix(String)
    /// All answers.
    case everything

    /// Reads `path=/posts/55`, `tag=posts`, `prefix=/posts/` or `all=1`; values are percent-encoded as in any query, so that the `&` of a path is `%26`.
    /// A path is one as clients ask the gateway for it: routes apply.
    /// - Throws: ``Problem`` with 400.
    init(query: Substring?, _ targets: RequestTargets) throws(Problem) {
        let parameters = (query ?? "").split(separator: "&").map { pair -> (name: Substring, value: Substring) in
            guard let equals = pair.firstIndex(of: "=") else { return (pair, "") }
            return (pair[..<equals], pair[pair.index(after: equals)...])
        }
        guard parameters.count == 1, let wanted = parameters.first, let value = Self.decoded(wanted.value), !value.isEmpty else {
            throw Self.unclear
        }
        switch wanted.name {
        case "tag":
            do throws(SluiceError) { self = .tag(try PoolTag(value)) } catch { throw Problem(error) }
        case "prefix": self = .prefix(value)
        case "all" where value == "1" || value == "true": self = .everything
        case "path":
            guard case .pool(let target, _) = try targets.place(of: value) else { throw Self.unclear }
            self = .path(target)
        default: throw Self.unclear
        }
    }

    private static let unclear = Problem(
        400, "invalidRequest",
        "say what to purge, once: /-/purge?path=/posts/55, ?tag=posts, ?prefix=/posts/ or ?all=1 (an & within a path is %26).")

    /// Undoes escapes; nil when one is broken or the result is not UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
