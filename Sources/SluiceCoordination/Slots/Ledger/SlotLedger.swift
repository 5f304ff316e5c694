/// The one record of the slots in use at each mirror of a pool.
///
/// Leaders and nodes on their own use the same ledger, so no slot is ever spent twice. Two implementations
/// keep the same rules: `RedisSlotLedger` for any number of processes, `InMemorySlotLedger` for one.
///
/// A handle keeps the caller's terms and its knowledge of ledger time, and adds both to every call.
package protocol SlotLedger: Sendable {
    /// What the handle's caller has agreed to; the places of mirrors in requests and replies refer to it.
    var terms: LedgerTerms { get }

    /// Takes what is free, up to what is wanted, and records it before it answers.
    ///
    /// When the fate of a call is unknown, its grants are found with `pull`; do not repeat it blindly.
    /// - Throws: `LedgerError`.
    func reserve(_ request: ReserveRequest) async throws(LedgerError) -> ReserveReply

    /// Says what the handle's caller is configured with, and asks what others are; see `Announcements`.
    /// - Throws: `LedgerError`.
    func announce() async throws(LedgerError) -> AnnounceReply

    /// Reports what became of slots. A call may be repeated unchanged: entries that are already in are skipped.
    /// - Throws: `LedgerError`.
    func settle(_ request: SettleRequest) async throws(LedgerError) -> SettleReply

    /// Says that a mirror refused a request for want of quota. The whole pool then leaves it alone for a time, and more careful
    /// afterwards; see `MirrorConduct`. Say it before what became of the slot: a probe that is over makes room for the next.
    /// - Parameters:
    ///   - mirror: its place in the terms.
    ///   - grant: the number of the grant that the request's slot belonged to.
    ///   - asked: for how many µs the mirror asked to be left alone, of which at most a day counts; nil when it did not say.
    /// - Throws: `LedgerError`.
    func penalise(mirror: Int, grant: Int64, asked: Int64?) async throws(LedgerError) -> PenaliseReply

    /// The grants of a node that can still be sent, whether or not it heard of them.
    /// - Throws: `LedgerError`.
    func pull(_ node: NodeID) async throws(LedgerError) -> PullReply

    /// The whole ledger, to be remembered in case its data is lost; changes nothing.
    /// - Parameter version: what the caller has already, of the life that it knows.
    /// - Throws: `LedgerError`.
    func copy(since version: Int64?) async throws(LedgerError) -> CopyReply

    /// Tells what a node remembers to the muster under way. Any member may then `gather` it, and `restore` the ledger from it.
    /// - Throws: `LedgerError`.
    func contribute(
        _ recollection: Recollection, of node: NodeID, to muster: MusterNotice, in incarnation: String
    ) async throws(LedgerError) -> LedgerStamp

    /// What members have told; nothing before the muster may be ended, and changes nothing.
    /// - Throws: `LedgerError`.
    func gather() async throws(LedgerError) -> GatherReply

    /// Ends a muster.
    /// - Throws: `LedgerError`.
    func restore(_ request: RestoreRequest) async throws(LedgerError) -> RestoreReply

    /// Takes in what a message said of the ledger, so that a node that only listens has bounds on its time, and knows its data.
    func heard(_ stamp: LedgerStamp) async

    /// Every mirror's state and counters; changes nothing.
    /// - Throws: `LedgerError`.
    func inspect() async throws(LedgerError) -> InspectReply
}
