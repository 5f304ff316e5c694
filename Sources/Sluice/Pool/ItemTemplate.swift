import SluiceCache

/// The path of each item of a collection: `/posts/{id}`, where `{id}` stands for the item's member of that name. A pure value.
package struct ItemTemplate: Sendable {
    private enum Piece: Sendable {
        case text(String)
        case member(String)
    }

    private let pieces: [Piece]
    private let dropped: Set<String>

    /// Reads a template.
    /// - Parameter dropped: query parameters that are no part of a key.
    /// - Throws: `SluiceError` with code `.invalidRequest` when it cannot name items by paths.
    package init(_ text: String, dropping dropped: Set<String> = []) throws(SluiceError) {
        func failure(_ reason: String) -> SluiceError {
            SluiceError(.invalidRequest, "the item template “\(text.excerpt)” \(reason); write it as /posts/{id}")
        }
        var pieces: [Piece] = []
        var rest = Substring(text)
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                throw failure("has a brace without its other half")
            }
            let name = rest[rest.index(after: brace)..<end]
            guard !name.isEmpty, !name.contains("{") else { throw failure("has braces without a member's name in them") }
            if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
            pieces.append(.member(String(name)))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        guard pieces.contains(where: { if case .member = $0 { true } else { false } }) else {
            throw failure("names no member, so all items would have one path")
        }
        self.pieces = pieces
        self.dropped = dropped
        do throws(CacheKeyError) {
            _ = try CacheKey(target: path { _ in "1" }, dropping: dropped)
        } catch {
            throw failure("makes no path: \(error.message)")
        }
    }

    /// The key of an item.
    /// - Parameters:
    ///   - item: a value of the collection.
    ///   - name: what an error calls it, such as `item 7 of /posts`.
    /// - Throws: `SluiceError` with code `.decodingFailed` when the item lacks a member, or has one that cannot stand in a path.
    func key(of item: JSONNode, called name: String) throws(SluiceError) -> CacheKey {
        guard case .object(let members) = item.value else {
            throw SluiceError(.decodingFailed, "\(name) is \(item.kind), where an object with the members of the template was expected")
        }
        var values: [String: String] = [:]
        for case .member(let wanted) in pieces {
            guard let member = members.first(where: { $0.key == wanted }) else {
                let others = members.isEmpty ? "no members" : members.prefix(8).map(\.key.excerpt).joined(separator: ", ")
                throw SluiceError(.decodingFailed, "\(name) has no member “\(wanted.excerpt)”, which the template names; it has \(others)")
            }
            switch member.node.value {
            case .string(let text) where !text.isEmpty: values[wanted] = text
            case .number(let text): values[wanted] = text
            default:
                let kind = member.node.value == .string("") ? "empty" : member.node.kind
                throw SluiceError(
                    .decodingFailed,
                    "\(name): its member “\(wanted.excerpt)” is \(kind), where a text or a number for its path was expected")
            }
        }
        do throws(CacheKeyError) {
            return try CacheKey(target: path { values[$0] ?? "" }, dropping: dropped)
        } catch {
            throw SluiceError(.decodingFailed, "\(name) makes no path: \(error.message)")
        }
    }

    private func path(_ value: (String) -> String) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .member(let name): Self.escaped(value(name))
            }
        }.joined()
    }

    /// Everything but unreserved characters (RFC 3986 section 2.3) escaped, so that a value stays one segment or one query value.
    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
