import SluiceCoordination
import Synchronization
import Testing

@testable import Sluice

@Suite struct `What the operator is told of mirrors` {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
        func take() -> [String] {
            all.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    private func news(_ lines: Lines) -> ConductNews {
        ConductNews(rules: [try! MirrorRules(name: "a", limits: [RateLimit("32/60s")])]) { line in lines.all.withLock { $0.append(line) } }
    }

    private func say(_ news: ConductNews, _ standing: MirrorStanding, held: Int64 = 0, pause: Int64 = 0, at time: Int64) {
        let status = MirrorStatus(
            free: 0, inUse: 0, nextRelease: nil, pausedFor: pause, sealedFor: 0, standing: standing, held: held)
        news.heard([status], LedgerStamp(time: time, incarnation: "one"))
    }

    @Test func `after a loss of the ledger's data news are told again, though its time begins anew`() {
        let lines = Lines()
        let news = news(lines)
        say(news, .good, at: 1_000)
        let status = MirrorStatus(free: 0, inUse: 0, nextRelease: nil, pausedFor: 500_000, sealedFor: 0, standing: .failing, held: 0)
        news.heard([status], LedgerStamp(time: 5, incarnation: "two"))
        #expect(lines.take().count == 1)
    }

    @Test func `a circuit that opens and closes is told once each, however often it is heard of`() {
        let lines = Lines()
        let news = news(lines)
        say(news, .good, at: 1)
        #expect(lines.take().isEmpty)
        for time in 2...5 { say(news, .failing, pause: 500_000, at: Int64(time)) }
        #expect(lines.take() == ["mirror a fails: the pool's circuit is open for 500 ms, and then one request at a time is a probe"])
        // An answer that was overtaken.
        say(news, .good, at: 1)
        #expect(lines.take().isEmpty)
        for time in 6...8 { say(news, .good, at: Int64(time)) }
        #expect(lines.take() == ["mirror a answers again: the pool's circuit is closed"])
    }

    @Test func `a refusal, what it is held to, and the way back are told once each, the small steps up not at all`() {
        let lines = Lines()
        let news = news(lines)
        say(news, .refusing, held: 28, pause: 7_000_000, at: 1)
        #expect(
            lines.take() == [
                "mirror a refused a request within its limits: the pool leaves it alone for 7000 ms, and then probes",
                "mirror a is held to 28 of 32/1m and paced, until it has accepted that for some time: "
                    + "it counts otherwise than we do, or others use its quota",
            ])
        say(news, .good, held: 28, at: 2)
        #expect(lines.take() == ["mirror a accepts requests again"])
        for level in 29...31 { say(news, .good, held: Int64(level), at: Int64(level)) }
        #expect(lines.take().isEmpty)
        say(news, .good, held: 32, at: 32)
        #expect(lines.take() == ["mirror a is back at 32/1m, paced"])
        say(news, .good, held: 0, at: 33)
        #expect(lines.take() == ["mirror a is no longer paced"])
    }
}
