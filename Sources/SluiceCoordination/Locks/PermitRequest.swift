package import SluiceLoop

/// One wish for a permit, from asking to having given it back.
package struct PermitRequest: Sendable {
    /// What is wanted.
    package enum Aim: Sendable {
        /// A permit, and to wait for it.
        case wait
        /// A permit, if there is one now.
        case `try`
        /// Only to know that the number of permits is the recorded one.
        case open
    }

    enum Phase {
        /// In the queue, or not yet known to be.
        case waiting
        /// Holds a permit.
        case held
        /// Held one; its owner has been told that it may be gone, and gives back what is left.
        case lost
        /// Nobody wants it any more; Redis is to be told, once what is under way is answered.
        case leaving
        /// Answered for good, and to be forgotten.
        case over
    }

    package let resource: PermitResource
    package let aim: Aim
    package let deadline: Instant
    var phase = Phase.waiting
    /// Its place in the queue; 0 until it is known.
    var ticket: Int64 = 0
    /// The fencing token, while it holds.
    var token: Int64 = 0
    /// Tokens up to this one were given before it last began to wait: a message with such a one is stale.
    var staleToken: Int64 = 0
    /// An instant known to be earlier than the beginning of its present lease; nil before the first call.
    var anchor: Instant?
    /// When the next sign of life is due.
    var nextCall: Instant
    /// Whether a call is under way.
    var isCalling = false
    /// Whether to call again as soon as the one under way is answered.
    var callsAgain = false
    /// How many questions have failed one after another.
    var failures = 0
    /// Whether a release may have been executed without our knowing.
    var isReleaseUncertain = false

    /// - Parameter deadline: when who asks gives up.
    package init(_ resource: PermitResource, aim: Aim, deadline: Instant, now: Instant) {
        self.resource = resource
        self.aim = aim
        self.deadline = deadline
        nextCall = now
    }

    /// When a holder must have let go: a fifth of its lease before the earliest instant at which it may end, so that a cancelled
    /// body has time to notice.
    var holdEnd: Instant { (anchor ?? nextCall).advanced(byMicroseconds: resource.lease / 5 * 4) }

    /// When something is to be done for it.
    var due: Instant {
        let call = isCalling ? Instant.distantFuture : nextCall
        return switch phase {
        case .waiting: min(call, deadline)
        case .held: min(call, holdEnd)
        case .lost, .over: .distantFuture
        case .leaving: call
        }
    }
}
