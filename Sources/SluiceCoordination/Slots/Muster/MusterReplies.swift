/// The ledger for a member to remember.
package struct CopyReply: Hashable, Sendable {
    package var stamp: LedgerStamp
    /// Nil when the caller has the latest already, when there is no data, or while a muster is under way.
    package var copy: LedgerCopy?

    package init(stamp: LedgerStamp, copy: LedgerCopy?) {
        self.stamp = stamp
        self.copy = copy
    }
}

/// What is known when a muster may be ended.
package struct GatherReply: Hashable, Sendable {
    /// What one member told, and both readings of ledger time at that call.
    package struct Memory: Hashable, Sendable {
        package var tag: String
        package var now: Int64
        package var latest: Int64
        package var recollection: Recollection

        package init(tag: String, now: Int64, latest: Int64, recollection: Recollection) {
            self.tag = tag
            self.now = now
            self.latest = latest
            self.recollection = recollection
        }
    }

    package var stamp: LedgerStamp
    /// What the server still has; nil before the muster may be ended.
    package var left: LedgerCopy?
    /// Ledger time when the loss was noticed: whatever was granted and is not known was granted before.
    package var start: Int64
    /// The lives of the data of which something may be lost.
    package var lost: [String]
    /// Those that can be read.
    package var memories: [Memory]
    /// How many there are.
    package var count: Int

    package init(stamp: LedgerStamp, left: LedgerCopy?, start: Int64, lost: [String], memories: [Memory], count: Int) {
        self.stamp = stamp
        self.left = left
        self.start = start
        self.lost = lost
        self.memories = memories
        self.count = count
    }
}

/// What the ledger becomes by a muster.
package struct RestoreRequest: Hashable, Sendable {
    package var muster: Int64
    package var incarnation: String
    /// How many memories it is made from: with more by now it is refused.
    package var memories: Int
    /// Above all of the copies that went into it.
    package var version: Int64
    package var nextNumber: Int64
    /// Ledger time until which slots are withheld of which nobody knows what became of them; 0: none are.
    package var sealedUntil: Int64
    /// The lives that were remembered.
    package var lives: [String]
    package var mirrors: [String: MirrorLedger]

    package init(
        muster: Int64, incarnation: String, memories: Int, version: Int64, nextNumber: Int64, sealedUntil: Int64, lives: [String],
        mirrors: [String: MirrorLedger]
    ) {
        self.muster = muster
        self.incarnation = incarnation
        self.memories = memories
        self.version = version
        self.nextNumber = nextNumber
        self.sealedUntil = sealedUntil
        self.lives = lives
        self.mirrors = mirrors
    }
}

/// The answer to a restoration.
package struct RestoreReply: Hashable, Sendable {
    package var stamp: LedgerStamp
    /// False when somebody else was first, or somebody has spoken since: gather again.
    package var isDone: Bool
    package var mirrors: [MirrorStatus]

    package init(stamp: LedgerStamp, isDone: Bool, mirrors: [MirrorStatus]) {
        self.stamp = stamp
        self.isDone = isDone
        self.mirrors = mirrors
    }
}
