/// Whether it says something of a mirror that a node's requests cannot leave for it; a pure rule.
///
/// Of a mirror that answered this node before it does: three times, enough to open the circuit. After that, or where there never was an
/// answer, the node may be cut off itself.
struct MirrorReach: Hashable, Sendable {
    private static let news = 3

    /// For each mirror how often it still says something.
    private var left: [Int]

    init(mirrors: Int) { left = Array(repeating: 0, count: mirrors) }

    /// How the mirror fared, with ``SlotFare/unreached`` for failures that say nothing for sure.
    mutating func judged(_ fare: SlotFare, _ outcome: SlotOutcome, at mirror: Int) -> SlotFare {
        if case .answered = fare { left[mirror] = Self.news }
        guard fare == .failed, outcome == .unsent else { return fare }
        guard left[mirror] > 0 else { return .unreached }
        left[mirror] -= 1
        return .failed
    }
}
