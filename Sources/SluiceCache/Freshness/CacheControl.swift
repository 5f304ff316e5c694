/// The `Cache-Control` of an answer (RFC 9111 section 5.2.2, RFC 5861), as far as a shared cache obeys it.
struct CacheControl: Sendable, Hashable {
    /// `no-store`: kept nowhere. With `must-understand` it speaks to caches that do not know the answer's status; we keep no other.
    var noStore = false
    /// `no-cache`: asked for anew each time, so not worth keeping.
    var noCache = false
    /// `private`: not for a shared cache.
    var isPrivate = false
    /// `must-revalidate` or `proxy-revalidate`: never served stale.
    var mustRevalidate = false
    /// Fields, in lower case, that a qualified `private` or `no-cache` names: the answer may be kept, they may not.
    var withheld: Set<String> = []
    /// `max-age` in seconds, as for the following ones.
    var maxAge: Int64?
    /// `s-maxage`, which goes before `max-age`.
    var sharedMaxAge: Int64?
    /// `stale-while-revalidate`.
    var staleWhileRevalidate: Int64?
    /// `stale-if-error`.
    var staleIfError: Int64?

    /// The longest span a directive can name: 2^31 seconds, by RFC 9111 section 1.2.2.
    static let longest: Int64 = 1 << 31

    /// Reads all `Cache-Control` lines of an answer. Unknown directives are passed over; a span that is no number counts as 0.
    init(_ lines: [String]) {
        var mustUnderstand = false
        for directive in Self.directives(lines.joined(separator: ",")) {
            let seconds = directive.value.map(Self.seconds)
            switch directive.name {
            case "no-store": noStore = true
            case "no-cache", "private":
                let fields = directive.value.map(Self.fieldNames) ?? []
                withheld.formUnion(fields)
                // A list that names nothing is taken for none.
                if fields.isEmpty, directive.name == "private" { isPrivate = true }
                if fields.isEmpty, directive.name == "no-cache" { noCache = true }
            case "must-understand": mustUnderstand = true
            case "must-revalidate", "proxy-revalidate": mustRevalidate = true
            case "max-age": maxAge = maxAge ?? seconds ?? 0
            case "s-maxage": sharedMaxAge = sharedMaxAge ?? seconds ?? 0
            case "stale-while-revalidate": staleWhileRevalidate = staleWhileRevalidate ?? seconds ?? 0
            case "stale-if-error": staleIfError = staleIfError ?? seconds ?? 0
            default: break
            }
        }
        if mustUnderstand { noStore = false }
    }

    /// The names of a list of fields, in lower case.
    static func fieldNames(_ list: String) -> [String] {
        list.split { $0 == "," || $0 == " " || $0 == "\t" }.map { $0.lowercased() }
    }

    /// Delta-seconds; too large a number is the longest span, anything else is 0.
    static func seconds(_ text: String) -> Int64 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return 0 }
        return min(Int64(text) ?? longest, longest)
    }

    /// `name`, `name=token` and `name="quoted, \" text"`, separated by commas; names in lower case.
    private static func directives(_ text: String) -> [(name: String, value: String?)] {
        var result: [(String, String?)] = []
        var name: [UInt8] = []
        var value: [UInt8]?
        var isQuoted = false
        var isEscaped = false
        func finish() {
            let title = String(decoding: name, as: UTF8.self).lowercased()
            if !title.isEmpty { result.append((title, value.map { String(decoding: $0, as: UTF8.self) })) }
            name = []
            value = nil
        }
        for byte in text.utf8 {
            if isEscaped {
                value?.append(byte)
                isEscaped = false
            } else if isQuoted && byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") && value != nil {
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ",") && !isQuoted {
                finish()
            } else if byte == UInt8(ascii: "=") && value == nil {
                value = []
            } else if isQuoted || (byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\t")) {
                if value == nil { name.append(byte) } else { value?.append(byte) }
            }
        }
        finish()
        return result
    }
}
