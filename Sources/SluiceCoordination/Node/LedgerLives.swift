/// The incarnations of the ledger's data that this node has met, each with a small number.
struct LedgerLives: Sendable {
    private var names: [String] = []

    /// The number of an incarnation.
    mutating func number(of incarnation: String) -> Int {
        if let known = names.lastIndex(of: incarnation) { return known }
        names.append(incarnation)
        return names.count - 1
    }

    /// The incarnation with this number.
    func name(of number: Int) -> String { names[number] }
}
