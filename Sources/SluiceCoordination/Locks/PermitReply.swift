import SluiceRedis

/// What a script says to one who asks for a permit.
package enum PermitReply: Hashable, Sendable {
    /// It holds a permit, with this token.
    case held(token: Int64)
    /// It waits. `firstEnd`: microseconds until the first lease of all ends; `lastToken`: the last token that anyone was given.
    case waiting(ticket: Int64, firstEnd: Int64, lastToken: Int64)
    /// There is none now, and it did not want to wait.
    case declined
    /// The semaphore is recorded with another number of permits.
    case otherCount(Int64)
    /// The number of permits is as asked for.
    case opened

    /// Reads a script's reply; nil when it is none.
    init?(_ value: RedisValue) {
        guard let parts = value.array?.map(\.int64), let kind = parts.first else { return nil }
        switch (kind, parts.count) {
        case (0, 4):
            guard let ticket = parts[1], let wait = parts[2], let token = parts[3] else { return nil }
            self = .waiting(ticket: ticket, firstEnd: min(max(0, wait), 86_400_000) * 1_000, lastToken: token)
        case (1, 2):
            guard let token = parts[1] else { return nil }
            self = .held(token: token)
        case (2, 1): self = .declined
        case (3, 2):
            guard let count = parts[1] else { return nil }
            self = .otherCount(count)
        case (4, 1): self = .opened
        default: return nil
        }
    }
}

/// A permit that was given to a waiter, as its node hears of it: `NUMBER TOKEN`.
struct PermitMessage: Hashable {
    let request: UInt64
    let token: Int64

    /// Reads a message's payload; nil when it is none.
    init?(payload: [UInt8]) {
        guard payload.count <= 64 else { return nil }
        let fields = String(decoding: payload, as: UTF8.self).split(separator: " ")
        guard fields.count == 2, let request = UInt64(fields[0]), let token = Int64(fields[1]) else { return nil }
        self.request = request
        self.token = token
    }
}
