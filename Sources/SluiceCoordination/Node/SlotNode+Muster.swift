package import SluiceLoop

/// How the node remembers the ledger, and how it helps to restore it when data was lost.
///
/// Any reply may say that a muster is under way. The node then tells what it remembers; when the time is over, whoever is first makes
/// a ledger out of all that was told. Until then nothing is granted and nothing settled.
extension SlotNode {
    /// What every reply says of the ledger's data.
    mutating func heard(_ stamp: LedgerStamp, now: Instant) {
        if isShared, lastStamp?.incarnation != stamp.incarnation { metOtherData(now: now) }
        lastStamp = stamp
        tick.heard(stamp, now: now)
        guard isShared, !stamp.incarnation.isEmpty else { return }
        guard let notice = stamp.muster else {
            if muster.current != nil { musterEnded(now: now) }
            return
        }
        let until = now.advanced(byMicroseconds: notice.remaining)
        if let current = muster.current, current.incarnation == stamp.incarnation, current.notice.number == notice.number {
            muster.current!.until = until
        } else {
            muster.current = MusterState.Current(
                incarnation: stamp.incarnation, notice: notice, until: until, turn: drawTurn(), speaksAt: now)
        }
    }

    /// A message says that the ledger asks its members.
    mutating func calledToMuster(incarnation: String, number: Int64, now: Instant) {
        if let current = muster.current, current.incarnation == incarnation, current.notice.number >= number { return }
        muster.current = MusterState.Current(
            incarnation: incarnation, notice: MusterNotice(number: number, remaining: 0),
            until: now.advanced(byMicroseconds: LedgerCall.musterSpan), turn: drawTurn(), speaksAt: now)
    }

    private mutating func drawTurn() -> Int64 {
        let span = MusterState.spacing * Int64(direct.liveNodes - 1)
        return Int64.random(in: 0...min(MusterState.longestTurn, max(0, span)), using: &random)
    }

    private mutating func musterEnded(now: Instant) {
        muster.current = nil
        muster.nextCopy = now
        direct.nextAt = min(direct.nextAt, now)
        board?.freed()
    }

    // MARK: Turns

    mutating func stepMuster(now: Instant) {
        guard takesPartInMusters else { return }
        if let current = muster.current {
            if let speaksAt = current.speaksAt, speaksAt <= now, !muster.isSpeaking {
                muster.isSpeaking = true
                effects.append(.contribute(current.notice, incarnation: current.incarnation))
            } else if current.speaksAt == nil, current.endsAt <= now, !muster.isGathering {
                muster.isGathering = true
                effects.append(.gather)
            }
        } else if muster.nextCopy <= now, !muster.isCopying, !isStopped {
            muster.isCopying = true
            effects.append(.copy(since: muster.memory.version(of: lastStamp?.incarnation)))
        }
    }

    /// A node that leaves takes part for as long as it has something to report. Alone there is nothing to be restored, but those who are
    /// refused are told by its copy when to come back.
    package var takesPartInMusters: Bool {
        (isShared || queue.unmet > 0) && rules.foreignVersion == nil && (!isStopped || book.openGrants > 0 && !hasGivenUp)
    }

    /// When `stepMuster` has something to do next.
    var nextMusterStep: Instant? {
        guard takesPartInMusters else { return nil }
        guard let current = muster.current else { return muster.isCopying || isStopped ? nil : muster.nextCopy }
        if let speaksAt = current.speaksAt { return muster.isSpeaking ? nil : speaksAt }
        return muster.isGathering ? nil : current.endsAt
    }

    /// What this node remembers, as of the moment of sending; nil when it knows of nothing.
    package func recollection(sentAt: Instant) -> Recollection? {
        muster.memory.recollection(at: sentAt) { book.doubtful($0) }
    }

    // MARK: Answers

    mutating func copied(_ result: Result<CopyReply, Failure>, now: Instant) {
        muster.isCopying = false
        guard case .success(let reply) = result else {
            muster.nextCopy = now.advanced(byMicroseconds: MusterState.patience)
            return
        }
        let nodes = mode(now: now) == .leading ? 1 : max(1, direct.liveNodes / MusterState.copiesPerSecond)
        let interval = MusterState.interval * Int64(nodes)
        let pause = Int64.random(in: interval * 3 / 4...interval, using: &random)
        muster.nextCopy = tick.nearest(to: now.advanced(byMicroseconds: pause))
        if reply.stamp.muster == nil, let copy = reply.copy {
            guard muster.memory.isContained(in: copy.incarnation, lives: copy.lives) else {
                // The ledger does not know what this node remembers: a call that brings it along makes it ask.
                effects.append(.contribute(MusterNotice(number: 0, remaining: 0), incarnation: copy.incarnation))
                muster.isSpeaking = true
                return
            }
            muster.memory.copied(copy, at: now)
            isEveryMirrorFailing = rules.agreed.allSatisfy { copy.mirrors[$0.name]?.conduct.standing == .failing }
            foresee(copy)
        }
        heard(reply.stamp, now: now)
    }

    mutating func contributed(_ notice: MusterNotice, _ result: Result<LedgerStamp, Failure>, now: Instant) {
        muster.isSpeaking = false
        switch result {
        case .success(let stamp):
            if muster.current?.notice.number == notice.number, muster.current?.incarnation == stamp.incarnation {
                muster.current?.speaksAt = nil
            }
            heard(stamp, now: now)
        case .failure: muster.current?.speaksAt = now.advanced(byMicroseconds: MusterState.patience)
        }
    }

    mutating func gathered(_ result: Result<GatherReply, Failure>, now: Instant) {
        guard case .success(let reply) = result else {
            muster.isGathering = false
            muster.current?.until = now.advanced(byMicroseconds: MusterState.patience)
            return
        }
        guard reply.stamp.muster?.remaining == 0, reply.left != nil else {
            muster.isGathering = false
            heard(reply.stamp, now: now)
            // To whoever is in doubt what time it is nothing is told yet.
            if reply.stamp.muster?.remaining == 0 { muster.current?.until = now.advanced(byMicroseconds: MusterState.patience) }
            return
        }
        effects.append(.restore(Restoration(reply, terms: terms).request()))
    }

    mutating func restored(_ result: Result<RestoreReply, Failure>, now: Instant) {
        muster.isGathering = false
        switch result {
        case .success(let reply):
            heard(reply.stamp, now: now)
            // Somebody has spoken since, or was first.
            if reply.stamp.muster != nil { muster.current?.until = now.advanced(byMicroseconds: 1_000) }
        case .failure: muster.current?.until = now.advanced(byMicroseconds: MusterState.patience)
        }
    }
}
