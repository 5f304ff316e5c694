import SluiceCoordination

/// Who led by which epoch, as the ledger took their reserves: within a life of the data an epoch has one leader, and epochs only grow.
struct EpochAudit {
    private var last: (epoch: Int64, leader: NodeID, life: Int)?

    /// A leader's reserve was carried out. Returns what is wrong with it.
    mutating func reserved(by leader: NodeID, epoch: Int64, life: Int) -> String? {
        defer { last = (epoch, leader, life) }
        guard let last, last.life == life else { return nil }
        if epoch < last.epoch { return "\(leader.text) reserved by epoch \(epoch) after \(last.leader.text) had by epoch \(last.epoch)" }
        if epoch == last.epoch, leader != last.leader { return "\(leader.text) and \(last.leader.text) both reserved by epoch \(epoch)" }
        return nil
    }
}
