import SluiceLoop

/// When to connect, and what commands that find no connection are told. Pure: events and a time in, a decision out.
///
/// The wait before each attempt is that of a `BackOff`, up to `maximum`. A connection counts as a success only when it has lasted
/// `maximum`, so that a server that accepts and drops is not asked ever faster.
///
/// Causes that will stay until somebody changes something have a `BackOff` of their own, up to `standingMaximum`. To be logged in is no
/// success to it, since such a cause shows only then: all that is wanted must have been in force for `standingMaximum`.
struct Reconnect {
    /// Where we stand.
    enum State {
        /// Not started, or stopped for good.
        case idle
        /// An attempt is under way.
        case connecting
        /// Since the instant.
        case connected(since: Instant)
        /// Until the instant, when the next attempt begins.
        case waiting(until: Instant)
    }

    private(set) var state = State.idle
    /// Why there is no connection; nil when the first attempt is still under way or there is one.
    private(set) var lastError: RedisError?
    private var backOff: BackOff
    private var standingBackOff: BackOff
    /// Since when all that is wanted of the present connection has been in force.
    private var inForceSince: Instant?
    private let maximum: Int64
    private let standingMaximum: Int64

    /// - Parameters: microseconds; see `RedisClientOptions.backOffMinimum`, `backOffMaximum` and `standingBackOffMaximum`.
    init(minimum: Int64, maximum: Int64, standingMaximum: Int64? = nil) {
        backOff = BackOff(minimum: minimum)
        standingBackOff = BackOff(minimum: minimum)
        self.maximum = maximum
        self.standingMaximum = standingMaximum ?? maximum
    }

    /// Attempts that failed since the last success, but for causes that stay.
    var failures: Int { backOff.failures }

    /// An error that will meet every command until somebody changes something, so that waiting for a connection is vain.
    var standingError: RedisError? {
        guard let lastError, [.authentication, .untrusted, .tooOld, .invalidConfiguration].contains(lastError.code) else { return nil }
        return lastError
    }

    /// Whether the state is `connected`.
    var isConnected: Bool { if case .connected = state { true } else { false } }

    /// Begins; true when an attempt must begin now.
    mutating func start() -> Bool {
        guard case .idle = state else { return false }
        state = .connecting
        return true
    }

    /// An attempt succeeded.
    mutating func connected(at now: Instant) {
        state = .connected(since: now)
        lastError = nil
    }

    /// All that is wanted of the connection is in force: nothing stands in the way.
    mutating func isInForce(at now: Instant) { inForceSince = inForceSince ?? now }

    /// An attempt failed, or the connection was lost. Returns when to try again; nil when stopped.
    /// - Parameters:
    ///   - chance: a random number in 0..<1.
    ///   - isStanding: the server is there, and the cause will stay.
    mutating func failed(_ error: RedisError, at now: Instant, chance: Double, isStanding: Bool = false) -> Instant? {
        switch state {
        case .idle: return nil
        case .connected(let since) where now.microseconds(since: since) >= maximum: backOff.reset()
        case .connected, .connecting, .waiting: break
        }
        if let since = inForceSince, now.microseconds(since: since) >= standingMaximum { standingBackOff.reset() }
        inForceSince = nil
        lastError = error
        let wait =
            isStanding ? standingBackOff.wait(upTo: standingMaximum, chance: chance) : backOff.wait(upTo: maximum, chance: chance)
        let next = now.advanced(byMicroseconds: wait)
        state = .waiting(until: next)
        return next
    }

    /// The wait is over; true when an attempt must begin now.
    mutating func due(at now: Instant) -> Bool {
        guard case .waiting(let until) = state, until <= now else { return false }
        state = .connecting
        return true
    }

    /// Ends for good.
    mutating func stop() { state = .idle }
}
