/// A request's headers, in order, in one buffer: a request that nobody asks about its headers costs one allocation for all of them.
package struct ServerHeaders: Sendable, Sequence {
    /// Name, NUL, value, NUL, for each header. Neither can hold a NUL.
    private var bytes: [UInt8]

    /// No headers.
    package init() { bytes = [] }

    /// These headers, in this order. Names and values must not hold a NUL.
    package init(_ fields: [(name: String, value: String)]) {
        bytes = []
        for field in fields { append(field.name.utf8, field.value.utf8) }
    }

    /// Keeps room for as many bytes.
    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Adds a header at the end.
    mutating func append(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
        bytes.append(contentsOf: name)
        bytes.append(0)
        bytes.append(contentsOf: value)
        bytes.append(0)
    }

    /// The bytes that names and values take, with two more for each header.
    package var byteCount: Int { bytes.count }

    /// The value of the first header with this name, in any case; nil when there is none. Bytes that are not UTF-8 are replaced.
    package subscript(name: String) -> String? {
        var found: String?
        scan { header, value in
            guard found == nil, Self.isSame(header, name.utf8) else { return }
            found = String(decoding: value, as: UTF8.self)
        }
        return found
    }

    /// The values of all headers with this name, in order.
    package func values(of name: String) -> [String] {
        var found: [String] = []
        scan { header, value in
            if Self.isSame(header, name.utf8) { found.append(String(decoding: value, as: UTF8.self)) }
        }
        return found
    }

    /// The headers as pairs, in order, names as they were sent.
    package func makeIterator() -> [(name: String, value: String)].Iterator {
        var pairs: [(name: String, value: String)] = []
        scan { pairs.append((String(decoding: $0, as: UTF8.self), String(decoding: $1, as: UTF8.self))) }
        return pairs.makeIterator()
    }

    private func scan(_ body: (ArraySlice<UInt8>, ArraySlice<UInt8>) -> Void) {
        var start = 0
        while let nameEnd = bytes[start...].firstIndex(of: 0), let valueEnd = bytes[(nameEnd + 1)...].firstIndex(of: 0) {
            body(bytes[start..<nameEnd], bytes[(nameEnd + 1)..<valueEnd])
            start = valueEnd + 1
        }
    }

    /// Whether two names are the same but for the case of ASCII letters.
    static func isSame(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
        return left.count == right.count && zip(left, right).allSatisfy { lower($0) == lower($1) }
    }
}
