/// How many slots each node gets and from which mirrors: arithmetic on whole numbers, the same in `reserve.lua`.
package enum Allotment {
    /// Divides a supply: lower tiers first; within a tier max–min fair, the odd ones to those named first.
    /// - Returns: for each demand what it gets, never more than it wants.
    package static func shares(of supply: Int64, among demands: [(wanted: Int64, tier: Int)]) -> [Int64] {
        var shares = [Int64](repeating: 0, count: demands.count)
        var left = supply
        for tier in Set(demands.map(\.tier)).sorted() where left > 0 {
            var unmet = demands.indices.filter { demands[$0].tier == tier && demands[$0].wanted > 0 }
            while left > 0, !unmet.isEmpty {
                let level = left / Int64(unmet.count)
                for place in unmet where left > 0 {
                    let share = min(max(level, 1), demands[place].wanted - shares[place], left)
                    shares[place] += share
                    left -= share
                }
                unmet.removeAll { shares[$0] == demands[$0].wanted }
            }
        }
        return shares
    }

    /// What one mirror has to give.
    package struct Offer: Hashable, Sendable {
        package var free: Int64
        /// Half of its answers take longer than so many µs; 0: unknown.
        package var latency: Int64
        /// Whether its last requests failed rather than not.
        package var isSuspect: Bool
        /// Whether its next slot is a probe.
        package var isOnProbation: Bool

        package init(free: Int64, latency: Int64 = 0, isSuspect: Bool = false, isOnProbation: Bool = false) {
            self.free = free
            self.latency = latency
            self.isSuspect = isSuspect
            self.isOnProbation = isOnProbation
        }
    }

    /// Takes a total from mirrors: from those in good standing first, so that nobody is sent on a probe who need not be.
    ///
    /// Among them in proportion to what each has free, so that none runs dry while another has plenty, and to how fast it answers; the
    /// odd ones go to the largest remainders, ties to the first.
    /// - Precondition: the total is at most the sum of what is free.
    package static func split(_ total: Int64, over offers: [Offer]) -> [Int64] {
        var parts = offers.map { _ in Int64(0) }
        let speeds = speeds(offers)
        var left = total
        for isOnProbation in [false, true] {
            while left > 0 {
                let open = offers.indices.filter { offers[$0].isOnProbation == isOnProbation && parts[$0] < offers[$0].free }
                let weights = open.map { (offers[$0].free - parts[$0]) * speeds[$0] }
                let sum = weights.reduce(0, +)
                guard sum > 0 else { break }
                let due = left
                let byRemainder = open.indices.sorted { one, other in
                    let (first, second) = (due * weights[one] % sum, due * weights[other] % sum)
                    return first != second ? first > second : one < other
                }
                for (place, mirror) in open.enumerated() {
                    let part = min(due * weights[place] / sum, offers[mirror].free - parts[mirror])
                    parts[mirror] += part
                    left -= part
                }
                // At most one each; what a mirror cannot give is divided anew.
                for place in byRemainder.prefix(Int(min(left, Int64(open.count)))) where parts[open[place]] < offers[open[place]].free {
                    parts[open[place]] += 1
                    left -= 1
                }
            }
        }
        return parts
    }

    /// How fast mirrors answer, in eighths of the fastest; one that is unknown counts as fast, one that fails as slow, so that who tries again
    /// is sent to another. A few milliseconds make no difference.
    private static func speeds(_ offers: [Offer]) -> [Int64] {
        let fastest = offers.lazy.map(\.latency).filter { $0 > 0 }.min() ?? 0
        return offers.map { offer in
            if offer.isSuspect { return 1 }
            return offer.latency > 0 ? max(1, 8 * (fastest + grain) / (offer.latency + grain)) : 8
        }
    }

    private static let grain: Int64 = 5_000

    /// Hands the mirrors' parts to the nodes in order: at most nodes + mirrors − 1 pieces in all.
    /// - Parameter room: how many pieces each mirror can record; what it cannot, nobody gets.
    package static func pieces(
        shares: [Int64], parts: [Int64], room: [Int]
    ) -> [(demand: Int, mirror: Int, count: Int64)] {
        var pieces: [(demand: Int, mirror: Int, count: Int64)] = []
        var left = parts
        var room = room
        var mirror = 0
        for (demand, share) in shares.enumerated() {
            var due = share
            while due > 0 {
                while mirror < left.count, left[mirror] == 0 || room[mirror] == 0 { mirror += 1 }
                guard mirror < left.count else { return pieces }
                let count = min(due, left[mirror])
                pieces.append((demand, mirror, count))
                due -= count
                left[mirror] -= count
                room[mirror] -= 1
            }
        }
        return pieces
    }
}
