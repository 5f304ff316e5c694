/// How a node takes part in its pool.
package struct CoordinatorOptions: Sendable {
    /// Lease, renewal, silence.
    package var timings = ElectionTimings()
    /// False for a one-shot command: it reserves for itself, never campaigns, and queues with the leader when told to.
    package var campaigns = true
    /// How often a node with waiters repeats its demand, in microseconds.
    package var repetition: Int64 = 250_000
    /// After so long without a grant a waiting node looks for one that it may have missed, in microseconds.
    package var patience: Int64 = 1_000_000
    /// How long until the coordinator looks at what was taken and given back on callers' threads, in microseconds: word of it need not be
    /// newer, and may be of thousands.
    package var shelfPause: Int64 = 20_000

    package init() {}
}
