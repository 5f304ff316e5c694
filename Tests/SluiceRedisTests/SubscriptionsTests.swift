import SluiceLoop
import Testing

@testable import SluiceRedis

struct SubscriptionsTests {
    private let now = Instant(microseconds: 1_000_000)

    private func confirmation(_ kind: String, _ channel: String) -> RedisValue {
        .array([.bulk(Array(kind.utf8)), .bulk(Array(channel.utf8)), .integer(1)])
    }

    private func events(_ effects: [Subscriptions.Effect]) -> [RedisSubscriber.Event] {
        effects.compactMap { if case .event(let event) = $0 { event } else { nil } }
    }

    private func sent(_ effects: [Subscriptions.Effect]) -> [[String]] {
        effects.compactMap { if case .send(let command) = $0 { command } else { nil } }
    }

    @Test func `a connection is announced when tracking and every channel are confirmed, again after a reconnection`() {
        var subscriptions = Subscriptions(trackingPrefix: "p:", patience: 1)
        _ = subscriptions.subscribe(["a"])
        for id in [5, 6] as [Int64] {
            let begin = subscriptions.connected(clientID: id)
            #expect(
                sent(begin) == [
                    ["CLIENT", "TRACKING", "ON", "REDIRECT", "\(id)", "BCAST", "PREFIX", "p:"],
                    ["SUBSCRIBE", "__redis__:invalidate", "a"],
                ])
            var heard = events(begin)
            heard += events(subscriptions.received(.status("OK"), at: now))
            heard += events(subscriptions.received(confirmation("subscribe", "__redis__:invalidate"), at: now))
            #expect(heard.isEmpty)
            heard += events(subscriptions.received(confirmation("subscribe", "a"), at: now))
            heard += events(subscriptions.disconnected())
            #expect(heard == [.connected, .disconnected])
        }
    }

    @Test func `a connection that was never announced is not reported as lost`() {
        var subscriptions = Subscriptions(trackingPrefix: "p:", patience: 1)
        _ = subscriptions.connected(clientID: 1)
        let effects = subscriptions.disconnected()
        #expect(effects.isEmpty)
    }

    @Test func `silence beyond patience fails the connection, a late answer or a message does not`() {
        var subscriptions = Subscriptions(trackingPrefix: nil, patience: 100)
        _ = subscriptions.connected(clientID: 1)
        let first = subscriptions.tick(at: now)
        let second = subscriptions.tick(at: now.advanced(byMicroseconds: 99))
        #expect(sent(first) == [["PING"]] && second.isEmpty)
        let message = RedisValue.array([.bulk(Array("message".utf8)), .bulk([65]), .bulk([66])])
        let heard = subscriptions.received(message, at: now.advanced(byMicroseconds: 99))
        #expect(events(heard) == [.message(channel: "A", payload: [66])])
        let third = subscriptions.tick(at: now.advanced(byMicroseconds: 198))
        #expect(third.isEmpty)
        let fourth = subscriptions.tick(at: now.advanced(byMicroseconds: 199))
        guard case .fail(let error)? = fourth.first else {
            Issue.record("not given up")
            return
        }
        #expect(error.code == .timeout)
    }

    @Test func `a channel left and wanted again is settled only by its last answer`() {
        var subscriptions = Subscriptions(trackingPrefix: nil, patience: 100)
        _ = subscriptions.connected(clientID: 1)
        _ = subscriptions.subscribe(["a"])
        _ = subscriptions.received(confirmation("subscribe", "a"), at: now)
        #expect(subscriptions.isSettled(["a"], wanted: true))
        _ = subscriptions.unsubscribe(["a"])
        _ = subscriptions.subscribe(["a"])
        #expect(!subscriptions.isSettled(["a"], wanted: true))
        _ = subscriptions.received(confirmation("unsubscribe", "a"), at: now)
        _ = subscriptions.received(confirmation("subscribe", "a"), at: now)
        #expect(subscriptions.isSettled(["a"], wanted: true))
    }

    @Test func `a flush invalidates everything`() {
        var subscriptions = Subscriptions(trackingPrefix: "", patience: 100)
        let channel = RedisValue.bulk(Array("__redis__:invalidate".utf8))
        let keys = subscriptions.received(.array([.bulk(Array("message".utf8)), channel, .array([.bulk([107])])]), at: now)
        let all = subscriptions.received(.array([.bulk(Array("message".utf8)), channel, .null]), at: now)
        #expect(events(keys + all) == [.invalidated(keys: ["k"]), .invalidated(keys: nil)])
    }
}
