import SluiceLoop

/// What a pub/sub connection must say, and what comes in means. Pure: events and a time in, effects out.
///
/// A connection begins with tracking (it redirects invalidations to itself, and must be asked for before the first SUBSCRIBE, which
/// leaves few commands allowed), then subscribes to everything wanted. Only when all of it is confirmed is the connection announced:
/// from then on nothing is missed.
struct Subscriptions {
    /// What must be done.
    enum Effect {
        /// Send a command.
        case send([String])
        /// Tell the owner.
        case event(RedisSubscriber.Event)
        /// Give the connection up.
        case fail(RedisError)
    }

    /// The channel on which Redis sends invalidations to a RESP2 connection.
    static let invalidationChannel = "__redis__:invalidate"

    /// What is to be subscribed to, now and after each reconnection.
    private var wanted: Set<String> = []
    /// What the present connection is subscribed to, as far as the server has said.
    private var confirmed: Set<String> = []
    /// Answers to come, by channel: what is confirmed says nothing final about a channel that has some.
    private var outstanding: [String: Int] = [:]
    /// Whether the present connection has been announced.
    private(set) var isAnnounced = false
    private var isConnected = false
    private var isTrackingDue = false
    private var asked: Instant?
    private var heard = Instant(microseconds: 0)
    private let trackingPrefix: String?
    private let patience: Int64

    /// - Parameters:
    ///   - trackingPrefix: the prefix of the keys whose changes are to be told; nil: none.
    ///   - patience: microseconds to wait for a sign of life that was asked for.
    init(trackingPrefix: String?, patience: Int64) {
        self.trackingPrefix = trackingPrefix
        self.patience = patience
    }

    /// Whether the server has confirmed that all of the channels are subscribed to (or that none is), with no answer still to come.
    func isSettled(_ channels: Set<String>, wanted: Bool) -> Bool {
        guard isConnected else { return !wanted }
        return channels.allSatisfy { outstanding[$0] == nil && confirmed.contains($0) == wanted }
    }

    /// A new connection has logged in, as this client of the server.
    mutating func connected(clientID: Int64) -> [Effect] {
        isConnected = true
        isTrackingDue = trackingPrefix != nil
        asked = nil
        var effects: [Effect] = []
        if let trackingPrefix {
            effects.append(.send(["CLIENT", "TRACKING", "ON", "REDIRECT", "\(clientID)", "BCAST", "PREFIX", trackingPrefix]))
        }
        if !goal.isEmpty { effects.append(ask("SUBSCRIBE", goal)) }
        return effects + announcement()
    }

    /// The connection is gone.
    mutating func disconnected() -> [Effect] {
        defer { isAnnounced = false }
        isConnected = false
        confirmed = []
        outstanding = [:]
        return isAnnounced ? [.event(.disconnected)] : []
    }

    /// Wants channels.
    mutating func subscribe(_ channels: [String]) -> [Effect] {
        let new = Set(channels).subtracting(wanted)
        wanted.formUnion(new)
        return isConnected && !new.isEmpty ? [ask("SUBSCRIBE", new)] : []
    }

    /// Wants channels no longer.
    mutating func unsubscribe(_ channels: [String]) -> [Effect] {
        let old = wanted.intersection(channels)
        wanted.subtract(old)
        // A channel that is wanted no longer must not keep the announcement waiting.
        return (isConnected && !old.isEmpty ? [ask("UNSUBSCRIBE", old)] : []) + announcement()
    }

    /// Something came in.
    mutating func received(_ value: RedisValue, at now: Instant) -> [Effect] {
        heard = now
        switch value {
        case .error(let reply): return [.fail(.refused(reply))]
        case .status("PONG"): asked = nil
        case .status: isTrackingDue = false
        case .array(let parts) where parts.count >= 2: return received(parts)
        default: return [.fail(RedisError(.protocolError, "The subscriber cannot make sense of \(value)."))]
        }
        return announcement()
    }

    /// Some time has passed: asks for a sign of life, or gives up when one asked for has not come.
    mutating func tick(at now: Instant) -> [Effect] {
        guard isConnected else { return [] }
        guard let asked else {
            self.asked = now
            return [.send(["PING"])]
        }
        guard now.microseconds(since: max(asked, heard)) >= patience else { return [] }
        return [
            .fail(RedisError(.timeout, "The server gave no sign of life for \(patience / 1_000) ms; the connection is taken to be dead."))
        ]
    }

    private var goal: Set<String> { trackingPrefix == nil ? wanted : wanted.union([Self.invalidationChannel]) }

    private mutating func received(_ parts: [RedisValue]) -> [Effect] {
        switch parts[0].string {
        case "message" where parts.count == 3:
            guard let channel = parts[1].string else { break }
            if channel == Self.invalidationChannel && trackingPrefix != nil {
                return [.event(.invalidated(keys: parts[2].array.map { keys in keys.compactMap(\.string) }))]
            }
            return [.event(.message(channel: channel, payload: parts[2].bytes ?? []))]
        case "subscribe":
            if let channel = parts[1].string { answered(channel, isSubscribed: true) }
        case "unsubscribe":
            if let channel = parts[1].string { answered(channel, isSubscribed: false) }
        case "pong": asked = nil
        default: break
        }
        return announcement()
    }

    private mutating func ask(_ command: String, _ channels: Set<String>) -> Effect {
        for channel in channels { outstanding[channel, default: 0] += 1 }
        return .send([command] + channels.sorted())
    }

    private mutating func answered(_ channel: String, isSubscribed: Bool) {
        if isSubscribed { confirmed.insert(channel) } else { confirmed.remove(channel) }
        outstanding[channel] = outstanding[channel].flatMap { $0 > 1 ? $0 - 1 : nil }
    }

    private mutating func announcement() -> [Effect] {
        guard isConnected, !isAnnounced, !isTrackingDue, confirmed.isSuperset(of: goal) else { return [] }
        isAnnounced = true
        return [.event(.connected)]
    }
}
