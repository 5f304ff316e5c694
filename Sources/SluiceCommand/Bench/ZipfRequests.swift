import Glibc

/// Requests whose popularity falls with the rank, as it does on the web: the r-th key is asked for in proportion to 1 / r.
enum ZipfRequests {
    /// So many key numbers from 0 up to `keys`, the same for the same seed.
    static func numbers(_ count: Int, keys: Int, seed: UInt64) -> [Int32] {
        var cumulative: [Double] = []
        var sum = 0.0
        for rank in 1...keys {
            sum += 1 / Double(rank)
            cumulative.append(sum)
        }
        var state = seed
        return (0..<count).map { _ in
            // A linear congruence (Knuth's MMIX constants), of which the upper bits are used.
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let point = Double(state >> 11) / Double(1 << 53) * sum
            var (low, high) = (0, keys - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] < point { low = middle + 1 } else { high = middle }
            }
            return Int32(low)
        }
    }
}
