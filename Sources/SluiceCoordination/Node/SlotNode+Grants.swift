import SluiceLoop

/// How grants come into the node's hand.
extension SlotNode {
    /// A grant message arrived on this node's channel.
    mutating func received(_ message: GrantMessage, now: Instant) {
        effects.append(.learn(message.ledger))
        let life = lives.number(of: message.incarnation)
        // The demand that this answers left before the grant was made, so counting from it errs early.
        let stamp = Instant(microseconds: min(message.stamp, now.microseconds))
        let sendBy = stamp.advanced(byMicroseconds: terms.hold(ofLife: message.life))
        var count = 0
        for item in message.items {
            guard let mirror = terms.mirrors.firstIndex(where: { $0.name == item.mirror }) else { continue }
            count += Int(item.count)
            adopt(
                Grant(mirror: mirror, number: item.number, count: item.count), life: life, sendBy: sendBy, expiresIn: message.life,
                now: now)
        }
        let isGap = message.sequence > (message.epoch == demand.epoch ? demand.sequence + 1 : 1)
        if message.epoch >= demand.epoch {
            demand.epoch = message.epoch
            demand.sequence = message.sequence
        }
        demand.served(count)
        // A grant that comes too late to be used is no progress.
        if now < sendBy { demand.lastProgress = now }
        if isGap { pull(now: now) }
    }

    /// Grants that a reserve of our own brought.
    mutating func adopt(_ grants: [Grant], of incarnation: String, sentAt: Instant, now: Instant) {
        guard !grants.isEmpty else { return }
        let life = lives.number(of: incarnation)
        let sendBy = sentAt.advanced(byMicroseconds: terms.hold)
        demand.lastProgress = now
        for grant in grants { adopt(grant, life: life, sendBy: sendBy, expiresIn: terms.life(hold: terms.hold), now: now) }
    }

    /// Looks for grants that were recorded for this node but whose message never came.
    mutating func pull(now: Instant) {
        guard !isPulling else { return }
        isPulling = true
        demand.lastPull = now
        effects.append(.pull)
    }

    mutating func answered(_ result: Result<PullReply, Failure>, sentAt: Instant, now: Instant) {
        isPulling = false
        guard case .success(let reply) = result else { return }
        heard(reply.stamp, now: now)
        let life = lives.number(of: reply.stamp.incarnation)
        for held in reply.held {
            let sendBy = sentAt.advanced(byMicroseconds: terms.hold(ofLife: held.life))
            adopt(held.grant, life: life, sendBy: sendBy, expiresIn: held.life, now: now)
        }
        demand.hasPulled = true
        demand.believed = DemandMessage.nothing
    }

    /// Takes a grant in, once, however often it is heard of.
    private mutating func adopt(_ grant: Grant, life: Int, sendBy: Instant, expiresIn: Int64, now: Instant) {
        let key = GrantKey(life: life, number: grant.number)
        guard !book.knows(key) else { return }
        book.opened(key, mirror: grant.mirror, count: Int(grant.count), worthlessAt: now.advanced(byMicroseconds: expiresIn), now: now)
        // Alone there is no muster to be told of it, and perhaps never a copy of the ledger by which it could be forgotten.
        if isShared {
            muster.memory.adopted(
                grant.number, count: grant.count, mirror: terms.mirrors[grant.mirror].name, of: lives.name(of: life),
                worthlessAt: now.advanced(byMicroseconds: expiresIn))
        }
        stock.came(Int(grant.count))
        queue.receive(mirror: grant.mirror, grant: key, count: Int(grant.count), sendBy: sendBy, now: now)
    }
}
