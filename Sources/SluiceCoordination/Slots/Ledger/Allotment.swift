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

    /// Takes a total from mirrors in proportion to what each has free (largest remainder; ties to the first),
    /// so that none runs dry while another has plenty.
    /// - Precondition: the total is at most the sum of `free`.
    package static func split(_ total: Int64, overFree free: [Int64]) -> [Int64] {
        let sum = free.reduce(0, +)
        guard sum > 0 else { return free }
        var parts = free.map { total * $0 / sum }
        let byRemainder = free.indices.sorted { left, right in
            let (one, other) = (total * free[left] % sum, total * free[right] % sum)
            return one != other ? one > other : left < right
        }
        let missing = total - parts.reduce(0, +)
        for place in byRemainder.prefix(Int(missing)) { parts[place] += 1 }
        return parts
    }

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
