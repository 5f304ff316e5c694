/// What the members of the pool are configured with.
package struct AnnounceReply: Hashable, Sendable {
    package var stamp: LedgerStamp
    /// One for each mirror, in the terms' order.
    package var mirrors: [Announcements]

    package init(stamp: LedgerStamp, mirrors: [Announcements]) {
        self.stamp = stamp
        self.mirrors = mirrors
    }
}

extension LedgerState {
    /// See `SlotLedger.announce`.
    package mutating func announce(_ call: LedgerCall, at raw: Int64) -> (reply: AnnounceReply, messages: [LedgerMessage]) {
        var call = call
        let (time, messages) = begin(&call, at: raw)
        let said = call.terms.mirrors.map { mirrors[$0.name]?.announced ?? Announcements() }
        return (AnnounceReply(stamp: stamp(time), mirrors: said), messages)
    }
}

extension LedgerReplyReader {
    /// The reply of `announce.lua`.
    package mutating func announceReply(terms: LedgerTerms) throws(LedgerError) -> AnnounceReply {
        let stamp = try stamp()
        let texts = try texts(terms.mirrors.count)
        return AnnounceReply(stamp: stamp, mirrors: zip(terms.mirrors, texts).map { Announcements(of: $0.name, text: $1) })
    }
}
