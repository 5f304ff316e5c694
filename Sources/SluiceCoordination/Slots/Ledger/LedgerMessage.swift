/// What the ledger tells others while it carries out a call.
package enum LedgerMessage: Hashable, Sendable {
    /// A node got slots that somebody else reserved; on the node's own channel.
    case grant(to: NodeID, GrantMessage)
    /// A mirror that had nothing free has something again, before time brought it; on `leader:wake`, as the text `freed`.
    case freed
    /// Data may be lost: members are to tell what they remember; on `beat`.
    case muster(incarnation: String, number: Int64)
    /// Members are configured in another way than before: each asks what counts now; on `beat`.
    case configurations(incarnation: String)
}
