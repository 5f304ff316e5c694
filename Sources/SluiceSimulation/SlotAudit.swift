import SluiceCoordination

/// Who was granted how many slots, and who used them: no slot may be used twice, or by anybody else.
struct SlotAudit {
    private struct Share: Hashable {
        let node: NodeID
        let number: Int64
    }

    private struct Use: Hashable {
        let node: NodeID
        let grant: GrantKey
    }

    /// By number: one that was lost with data, or rolled back, may come again.
    private var granted: [Share: (count: Int64, at: Int64)] = [:]
    private var used: [Use: Int64] = [:]

    mutating func granted(_ grant: Grant, to node: NodeID, at now: Int64) {
        granted[Share(node: node, number: grant.number), default: (0, now)].count += grant.count
        granted[Share(node: node, number: grant.number)]!.at = now
    }

    /// When a grant was given, in true time.
    func time(of grant: GrantKey, to node: NodeID) -> Int64 { granted[Share(node: node, number: grant.number)]?.at ?? 0 }

    /// Returns what is wrong with it.
    mutating func spent(_ grant: GrantKey, of node: NodeID) -> String? {
        let count = used[Use(node: node, grant: grant), default: 0] + 1
        used[Use(node: node, grant: grant)] = count
        let total = granted[Share(node: node, number: grant.number)]?.count ?? 0
        return count > total ? "used \(count) slots of a grant of \(total)" : nil
    }
}
