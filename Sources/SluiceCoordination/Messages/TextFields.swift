/// Reads the space-separated fields of a pool message. Messages come from outside: anything odd reads as nil.
struct TextFields {
    private var rest: ArraySlice<Substring>

    /// Nil unless the payload begins with `version` and has at least so many fields after it.
    init?(_ payload: [UInt8], version: String, count: Int) {
        guard payload.count <= 4_096, let text = String(validating: payload, as: UTF8.self) else { return nil }
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.first == Substring(version), fields.count > count else { return nil }
        rest = fields.dropFirst()
    }

    mutating func text() -> String? {
        guard let field = rest.popFirst(), !field.isEmpty else { return nil }
        return String(field)
    }

    /// The largest number that a message may carry: what a double holds exactly. Sums of such numbers never overflow.
    static let largest: Int64 = 9_007_199_254_740_991

    /// A whole number from -1 to `largest`.
    mutating func number() -> Int64? { rest.popFirst().flatMap { Int64($0) }.flatMap { (-1...Self.largest).contains($0) ? $0 : nil } }

    /// A number that is not negative and fits a count.
    mutating func count() -> Int? { number().flatMap { $0 >= 0 && $0 <= 1_000_000_000 ? Int($0) : nil } }
}
