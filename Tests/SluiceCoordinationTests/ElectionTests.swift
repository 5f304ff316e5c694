import SluiceCoordination
import SluiceLoop
import Testing

@Suite struct ElectionTests {
    private let start = Instant(microseconds: 10_000_000)
    private let timings = ElectionTimings(lease: .seconds(2))

    private func election(campaigns: Bool = true) -> Election {
        Election(node: "a:1:aaaaaaaa", timings: timings, campaigns: campaigns, now: start)
    }

    private func at(_ milliseconds: Int64) -> Instant { start.advanced(byMicroseconds: milliseconds * 1_000) }

    @Test func `a newcomer campaigns at once, leads when it wins, and tells the pool before anything else`() {
        var election = election()
        #expect(election.timeCame(now: start) == [.campaign])
        #expect(election.won(epoch: 1, sentAt: start, now: at(1)) == [.roleChanged(.leading(epoch: 1)), .renew(epoch: 1)])
        #expect(election.leads(at: at(1)))
    }

    @Test func `a lease counts from when it was asked for, and an unrenewed one ends by itself`() {
        var election = election()
        _ = election.timeCame(now: start)
        _ = election.won(epoch: 1, sentAt: start, now: at(500))
        #expect(election.leads(at: at(1_999)))
        #expect(!election.leads(at: at(2_000)))
        _ = election.failed(now: at(600))
        #expect(election.timeCame(now: at(700)) == [.renew(epoch: 1)])
        // No answer ever comes.
        #expect(election.nextStep == at(2_000))
        #expect(election.timeCame(now: at(2_000)) == [.roleChanged(.leaderless)])
    }

    @Test func `a lease that is held elsewhere is asked for again when it must have ended`() {
        var election = election()
        _ = election.timeCame(now: start)
        #expect(
            election.lost(to: "b:2:bbbbbbbb", epoch: 4, remaining: 1_500_000, now: at(1)) == [
                .roleChanged(.following(leader: "b:2:bbbbbbbb", epoch: 4))
            ])
        // Without a beat the silence bound comes first; then the node is on its own and campaigns.
        #expect(election.timeCame(now: at(251)) == [.roleChanged(.leaderless), .campaign])
        #expect(election.lost(to: "b:2:bbbbbbbb", epoch: 4, remaining: 1_249_000, now: at(252)).isEmpty)
        #expect(election.nextStep >= at(1_501))
        #expect(election.nextStep <= at(1_525))
        #expect(election.timeCame(now: at(1_530)) == [.campaign])
    }

    @Test func `beats keep a follower, silence ends it, a farewell makes it campaign within the jitter`() {
        var election = election()
        _ = election.timeCame(now: start)
        _ = election.lost(to: "b:2:bbbbbbbb", epoch: 4, remaining: 2_000_000, now: at(1))
        for beat in stride(from: Int64(100), through: 5_000, by: 100) {
            #expect(election.heardBeat(leader: "b:2:bbbbbbbb", epoch: 4, now: at(beat)).isEmpty)
        }
        #expect(election.heardResignation(epoch: 4, now: at(5_010)) == [.roleChanged(.leaderless)])
        #expect(election.nextStep <= at(5_031))
        #expect(election.timeCame(now: election.nextStep) == [.campaign])
    }

    @Test func `a beat of an older epoch is not believed while a newer one is heard`() {
        var election = election()
        _ = election.heardBeat(leader: "b:2:bbbbbbbb", epoch: 5, now: at(0))
        #expect(election.heardBeat(leader: "c:3:cccccccc", epoch: 4, now: at(10)).isEmpty)
        #expect(election.role == .following(leader: "b:2:bbbbbbbb", epoch: 5))
        // After a silence Redis may have lost the count.
        #expect(
            election.heardBeat(leader: "c:3:cccccccc", epoch: 1, now: at(400)) == [
                .roleChanged(.following(leader: "c:3:cccccccc", epoch: 1))
            ])
    }

    @Test func `a leader that hears a newer epoch steps aside`() {
        var election = election()
        _ = election.timeCame(now: start)
        _ = election.won(epoch: 1, sentAt: start, now: at(1))
        #expect(
            election.heardBeat(leader: "b:2:bbbbbbbb", epoch: 2, now: at(50)) == [
                .roleChanged(.following(leader: "b:2:bbbbbbbb", epoch: 2))
            ])
        #expect(!election.leads(at: at(51)))
    }

    @Test func `a short-lived node never campaigns`() {
        var election = election(campaigns: false)
        #expect(election.nextStep == .distantFuture)
        _ = election.heardBeat(leader: "b:2:bbbbbbbb", epoch: 2, now: at(0))
        #expect(election.timeCame(now: at(300)) == [.roleChanged(.leaderless)])
    }

    @Test func `a node that leaves gives its lease back, also one that it wins too late`() {
        var leader = election()
        _ = leader.timeCame(now: start)
        _ = leader.won(epoch: 3, sentAt: start, now: at(1))
        #expect(leader.stop() == [.resign(epoch: 3), .roleChanged(.leaderless)])

        var late = election()
        _ = late.timeCame(now: start)
        _ = late.stop()
        #expect(late.won(epoch: 4, sentAt: start, now: at(1)) == [.resign(epoch: 4)])
    }

    @Test(arguments: [(2_000, 0, 0, 250), (200, 100, 20, 150), (2_000, 100, 100, 250), (2_000, 100, 20, 2_000), (2_000, 100, 20, 100)])
    func `impossible timings are refused`(_ lease: Int64, _ renewal: Int64, _ jitter: Int64, _ silence: Int64) {
        var timings = ElectionTimings()
        timings.lease = lease * 1_000
        timings.renewal = renewal * 1_000
        timings.jitter = jitter * 1_000
        timings.silence = silence * 1_000
        #expect(throws: CoordinationError.self) { try timings.validate() }
    }
}
