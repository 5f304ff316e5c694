/// That the ledger asks its members what they remember, since data may be lost.
package struct MusterNotice: Hashable, Sendable {
    /// Counts the musters of one life of the data.
    package var number: Int64
    /// µs until it may be ended.
    package var remaining: Int64

    package init(number: Int64, remaining: Int64) {
        self.number = number
        self.remaining = remaining
    }
}
