/// The form in which runs travel: `1500,1200*3,-70` is a value, another three times, and a third.
extension Runs {
    /// - Parameter describe: the text of a value, without a comma and an asterisk.
    package func text(_ describe: (Value) -> String) -> String {
        runs.map { $0.count > 1 ? "\(describe($0.value))*\($0.count)" : describe($0.value) }.joined(separator: ",")
    }

    /// Nil when the text is not of this form, or speaks of more than `mostTogether` equal values in a row.
    /// - Parameter read: the value of a text; nil when it is none.
    package init?(text: some StringProtocol, _ read: (Substring) -> Value?) {
        self.init()
        for part in Substring(text).split(separator: ",") {
            let fields = part.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
            guard let value = read(fields[0]), let count = fields.count == 1 ? 1 : Int(fields[1]), 1...Self.mostTogether ~= count
            else { return nil }
            append(value, count: count)
        }
    }

    /// More slots than any grant has.
    private static var mostTogether: Int { 1 << 31 }
}
