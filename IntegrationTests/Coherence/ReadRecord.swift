/// One answer that a worker got, as it wrote it down.
struct ReadRecord: Hashable {
    /// Whether it was read when all was quiet.
    let isLast: Bool
    let path: String
    let version: Int
    /// The oldest version that it might have been: what the worker had heard of before the read began.
    let required: Int
    let source: String
    let isStale: Bool
    /// Whether invalidations could not reach the worker all the while.
    let isLost: Bool
    /// Whether a connection was missing at the beginning or at the end.
    let isTroubled: Bool

    /// Reads `read PATH VERSION REQUIRED BEGAN ENDED SOURCE STALE LOST TROUBLED`, or `last …`; nil for another line.
    init?(_ line: Substring) {
        let parts = line.split(separator: " ")
        guard parts.count == 10, parts[0] == "read" || parts[0] == "last", let version = Int(parts[2]), let required = Int(parts[3]) else {
            return nil
        }
        isLast = parts[0] == "last"
        path = String(parts[1])
        self.version = version
        self.required = required
        source = String(parts[6])
        isStale = parts[7] == "1"
        isLost = parts[8] == "1"
        isTroubled = parts[9] == "1"
    }

    /// What is wrong with it; nil when nothing is.
    ///
    /// What is marked as stale may be old while Redis is out of reach. Nothing else may.
    var complaint: String? {
        if isLost, source == "memory", !isStale { return "unverified, as fresh" }
        if version < required, !(isStale && isTroubled) { return "older than \(required)" }
        return nil
    }
}
