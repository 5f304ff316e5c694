/// How the mirror fared in one slot; what circuits and the choice of mirrors go by.
package enum SlotFare: Hashable, Sendable {
    /// Nothing is known of it, or it was reported otherwise (a refusal is, with `penalise`).
    case unknown
    /// The mirror answered, its first byte after so many µs; nil where that is not known.
    case answered(latency: Int64?)
    /// The request failed, sent or not: no connection, no answer, or one that will not do.
    case failed
    /// The request could not leave, which may be the mirror's fault or this host's own.
    case unreached
}
