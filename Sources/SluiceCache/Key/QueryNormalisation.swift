/// A query whose parameters stand in one order, whatever order they came in.
enum QueryNormalisation {
    /// One `name=value` or `name`, in normal form.
    private struct Parameter {
        var name: ArraySlice<UInt8>
        /// nil when there is no `=`.
        var value: ArraySlice<UInt8>?
        var bytes: [UInt8]

        /// By name, then value; without a value comes before an empty one.
        func precedes(_ other: Parameter) -> Bool {
            if name != other.name { return name.lexicographicallyPrecedes(other.name) }
            guard let mine = value else { return other.value != nil }
            guard let theirs = other.value else { return false }
            return mine.lexicographicallyPrecedes(theirs)
        }
    }

    /// The parameters of `query`, each in normal form, sorted by name then value, without empty pieces and without those
    /// whose decoded name is in `dropped`.
    static func normalised(_ query: ArraySlice<UInt8>, offset: Int, dropping dropped: Set<String>) throws(CacheKeyError) -> [UInt8] {
        var parameters: [Parameter] = []
        for piece in query.split(separator: UInt8(ascii: "&")) {
            let place = offset + piece.startIndex - query.startIndex
            let bytes = try PercentEncoding.normalised(piece, keeping: CharacterClass.isQuery, offset: place)
            let equals = bytes.firstIndex(of: UInt8(ascii: "="))
            let name = bytes[..<(equals ?? bytes.endIndex)]
            if !dropped.isEmpty && dropped.contains(String(decoding: PercentEncoding.decoded(name), as: UTF8.self)) { continue }
            parameters.append(Parameter(name: name, value: equals.map { bytes[($0 + 1)...] }, bytes: bytes))
        }
        parameters.sort { $0.precedes($1) }
        return Array(parameters.map(\.bytes).joined(separator: CollectionOfOne(UInt8(ascii: "&"))))
    }
}
