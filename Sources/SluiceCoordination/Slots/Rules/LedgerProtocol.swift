/// The form of the ledger's data and of the pool's messages. Nodes whose forms differ must not touch each other's data: the ledger
/// refuses every call of a node that speaks another version than the one that it was begun with.
package enum LedgerProtocol {
    /// What this code speaks. It grows when a node of the former version could not go on beside one of the new.
    package static let version: Int64 = 3

    /// By this a refusal of the scripts is known, wherever in its text the server puts it; the ledger's version follows.
    private static let mark = "SLUICE-PROTOCOL="

    /// The ledger's version, when a script has refused us for ours.
    package static func refusal(in reply: String) -> Int64? {
        guard let range = reply.firstRange(of: mark) else { return nil }
        return Int64(reply[range.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }
}
