package import SluiceLoop

extension SlotNode {
    /// How an answer of the ledger failed.
    package enum Failure: Error, Hashable, Sendable {
        /// Nothing was done.
        case notDone
        /// It may have been done.
        case fateUnknown
    }

    /// Why a reserve was asked for.
    package enum Purpose: Hashable, Sendable {
        /// The leader reserves for everybody.
        case leading(epoch: Int64)
        /// The leader asks for nothing: the call passes its bounds on ledger time, and tells what is free.
        case touching(epoch: Int64)
        /// The node reserves for itself.
        case direct
        /// This waiter would use a slot that nobody wants.
        case spare(UInt64)
    }

    /// What became of a campaign.
    package enum Campaign: Hashable, Sendable {
        case won(epoch: Int64)
        case lost(to: String?, epoch: Int64, remaining: Int64)
    }

    /// What can happen to a node. Times are this node's.
    package enum Event: Sendable {
        /// Somebody wants a slot.
        case wanted(Waiter)
        /// Somebody would use a slot that nobody else wants, now or never.
        case wantedSpare(UInt64)
        /// A waiter does not want its slot any more.
        case cancelled(UInt64)
        /// A waiter's slot has become more urgent.
        case raised(UInt64, SlotPriority)
        /// What became of a slot, and how the mirror fared in it.
        case finished(Slot, SlotOutcome, SlotFare = .unknown)
        /// The slots that were laid out are with the node again, but for those that were taken.
        case cleared(ShelfTally)
        /// A slot's request takes long.
        case extended(Slot)
        /// Messages reach us, for the first time or again.
        case subscribed
        /// A grant for this node.
        case granted(GrantMessage)
        /// The leader lives, or says farewell.
        case beat(BeatMessage)
        /// Another node's demand; it matters only to a leader.
        case demanded(DemandMessage)
        /// Slots came free out of turn.
        case freed
        /// The ledger answered a reserve.
        case reserved(ReserveRequest, Purpose, Result<ReserveReply, Failure>, sentAt: Instant)
        /// The ledger answered a settle.
        case settled([SettleBook.Report], Result<SettleReply, Failure>)
        /// The ledger answered a pull.
        case pulled(Result<PullReply, Failure>, sentAt: Instant)
        /// Redis answered a campaign.
        case campaigned(Result<Campaign, Failure>, sentAt: Instant)
        /// Redis answered a renewal: whether the lease was extended.
        case renewed(Result<Bool, Failure>, sentAt: Instant)
        /// The ledger said what it holds, to be remembered.
        case copied(Result<CopyReply, Failure>)
        /// The ledger was told what this node remembers.
        case contributed(MusterNotice, Result<LedgerStamp, Failure>)
        /// The ledger said what its members remember.
        case gathered(Result<GatherReply, Failure>)
        /// The ledger answered a restoration.
        case restored(Result<RestoreReply, Failure>)
        /// The ledger said how members are configured.
        case announced(Result<AnnounceReply, Failure>, sentAt: Instant)
        /// The ledger refuses this node, since it was begun by nodes that speak another version.
        case foreignVersion(Int64)
        /// How many nodes the pool has.
        case counted(liveNodes: Int)
        /// The node leaves: waiters are refused, unused slots go back, and so does the lease.
        case stopped
    }

    /// What is to be carried out.
    package enum Effect: Sendable {
        /// A waiter starts.
        case give(UInt64, Slot)
        /// A waiter gets no slot.
        case refuse(UInt64, Refusal)
        /// Ask the ledger for slots.
        case reserve(ReserveRequest, Purpose)
        /// Report to the ledger; `settleRequest` makes the request, at the moment of sending.
        case settle([SettleBook.Report])
        /// Ask the ledger for this node's grants.
        case pull
        /// Remember which life of the ledger's data the pool is on, and that ledger time has come so far.
        case learn(LedgerStamp)
        /// Ask the ledger for what it holds.
        case copy(since: Int64?)
        /// Tell a muster what this node remembers; `recollection` says it, at the moment of sending.
        case contribute(MusterNotice, incarnation: String)
        /// Ask what all members remember.
        case gather
        /// End a muster.
        case restore(RestoreRequest)
        /// Tell the ledger what this node is configured with, and ask what others are.
        case announce
        /// Tell the operator.
        case say(String)
        /// Tell the leader how many wait.
        case publish(DemandMessage)
        case campaign(knownEpoch: Int64)
        case renew(epoch: Int64, BeatMessage)
        case resign(epoch: Int64)
        /// Hear demands, before the next effect is carried out; or no longer.
        case listenAsLeader(Bool)
    }

    /// Takes an event in.
    package mutating func apply(_ event: Event, now: Instant) {
        switch event {
        case .wanted(let waiter): join(waiter, now: now)
        case .wantedSpare(let waiter): wantSpare(waiter, now: now)
        case .cancelled(let waiter):
            spareWaiters.remove(waiter)
            _ = queue.leave(waiter)
        case .raised(let waiter, let priority): queue.raise(waiter, to: priority)
        case .finished(let slot, let outcome, let fare): finish(slot, outcome, fare, now: now)
        case .cleared(let tally): cleared(tally, now: now)
        case .extended(let slot): book.extend(slot.grant, now: now)
        case .subscribed: subscribed(now: now)
        case .granted(let message): received(message, now: now)
        case .beat(let beat): received(beat, now: now)
        case .demanded(let message): if message.node != id { board?.heard(message, now: now) }
        case .freed:
            board?.freed()
            outlook?.isOutdated = true
            direct.nextAt = min(direct.nextAt, now)
        case .reserved(let request, let purpose, let result, let sentAt):
            answered(request, purpose, result, sentAt: sentAt, now: now)
        case .settled(let reports, let result): answered(reports, result, now: now)
        case .pulled(let result, let sentAt): answered(result, sentAt: sentAt, now: now)
        case .campaigned(let result, let sentAt): answered(result, sentAt: sentAt, now: now)
        case .renewed(let result, let sentAt): answered(result, sentAt: sentAt, now: now)
        case .copied(let result): copied(result, now: now)
        case .contributed(let notice, let result): contributed(notice, result, now: now)
        case .gathered(let result): gathered(result, now: now)
        case .restored(let result): restored(result, now: now)
        case .announced(let result, let sentAt): announced(result, sentAt: sentAt, now: now)
        case .foreignVersion(let version): refusedFor(version: version, now: now)
        case .counted(let nodes): direct.liveNodes = max(1, nodes)
        case .stopped: stop(now: now)
        }
    }
}
