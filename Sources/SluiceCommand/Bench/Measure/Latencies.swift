/// How long many things took, in buckets about 1 % wide, so that those of several processes can be put together.
struct Latencies: Sendable {
    private static let perDoubling = 64
    private static let bucketCount = 40 * perDoubling
    private var buckets = [UInt32](repeating: 0, count: bucketCount)
    private(set) var count = 0

    /// Adds one, in nanoseconds.
    mutating func add(_ nanoseconds: Int64) {
        buckets[Self.bucket(of: nanoseconds)] += 1
        count += 1
    }

    mutating func add(_ others: Latencies) {
        for index in buckets.indices { buckets[index] += others.buckets[index] }
        count += others.count
    }

    /// The time, in microseconds, that this part of them did not exceed; 0 when there are none.
    func quantile(_ part: Double) -> Double {
        let rank = max(1, Int((Double(count) * part).rounded(.up)))
        var seen = 0
        for (index, number) in buckets.enumerated() {
            seen += Int(number)
            if seen >= rank { return Self.middle(of: index) / 1_000 }
        }
        return 0
    }

    /// A power of two has as many buckets of the same width as `perDoubling` says.
    private static func bucket(of nanoseconds: Int64) -> Int {
        let value = UInt64(max(Int64(perDoubling), nanoseconds))
        let exponent = 63 - value.leadingZeroBitCount
        let step = Int((value >> UInt64(exponent - 6)) & 63)
        return min(bucketCount - 1, (exponent - 6) * perDoubling + step)
    }

    private static func middle(of bucket: Int) -> Double {
        let scale = Double(UInt64(1) << UInt64(bucket / perDoubling))
        return (Double(perDoubling + bucket % perDoubling) + 0.5) * scale
    }

    // MARK: Text

    /// `bucket:count` with commas between, for a line.
    var text: String {
        buckets.enumerated().filter { $0.element > 0 }.map { "\($0.offset):\($0.element)" }.joined(separator: ",")
    }

    init() {}

    /// Reads what `text` wrote; nil when it is none.
    init?(text: some StringProtocol) {
        for part in text.split(separator: ",") {
            let sides = part.split(separator: ":")
            guard sides.count == 2, let bucket = Int(sides[0]), let number = UInt32(sides[1]), buckets.indices.contains(bucket) else {
                return nil
            }
            buckets[bucket] += number
            count += Int(number)
        }
    }
}
