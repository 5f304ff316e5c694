import SluiceCoordination

/// Members that are configured differently: which configuration binds from when on, as seen from outside.
///
/// A configuration binds from the first command by which Redis hears of a living member that has it, in the present life of the data,
/// until the last of them is gone. That is less than is promised (it binds for half a minute longer, and copies carry it across a loss).
extension Simulation {
    /// Redis carries out a command of this node that changes the ledger.
    func memberHeard(_ node: SimulatedNode) {
        guard let configuration = scenario.configuration(of: node.place) else { return }
        let isFirst = members[configuration, default: []].isEmpty
        members[configuration, default: []].insert(node.id)
        guard isFirst else { return }
        trace { "from here on \(scenario.configurations[configuration].map(\.words).joined(separator: "; ")) binds" }
        for (mirror, rules) in zip(mirrors, scenario.configurations[configuration]) where rules != mirror.rules {
            mirror.bind(configuration, rules.limits, from: timeline.now)
        }
    }

    /// The node is no member any more.
    func memberGone(_ node: SimulatedNode) {
        guard let configuration = scenario.configuration(of: node.place), members[configuration]?.remove(node.id) != nil,
            members[configuration]!.isEmpty
        else { return }
        for mirror in mirrors { mirror.release(configuration, at: timeline.now) }
    }

    /// Data is lost: whoever is there will be heard again.
    func membersForgotten() {
        members = [:]
        for mirror in mirrors { mirror.release(nil, at: timeline.now) }
    }
}
