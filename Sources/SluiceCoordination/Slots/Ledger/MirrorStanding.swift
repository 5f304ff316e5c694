/// What a mirror stands accused of. Whoever is accused gets one slot at a time, a probe, until one is answered.
package enum MirrorStanding: Int64, Hashable, Sendable {
    /// Slots go out freely.
    case good = 0
    /// Requests failed: its circuit is open, or half open once its pause is over.
    case failing = 1
    /// It refused a request within its limits.
    case refusing = 2
}
