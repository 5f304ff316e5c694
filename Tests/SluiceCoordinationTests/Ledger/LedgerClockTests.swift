import SluiceCoordination
import SluiceLoop
import Testing

private func at(_ microseconds: Int64) -> Instant { Instant(microseconds: microseconds) }
private func stamp(_ time: Int64, _ incarnation: String = "one") -> LedgerStamp { LedgerStamp(time: time, incarnation: incarnation) }

@Suite(.timeLimit(.minutes(10))) struct `Bounds on ledger time` {
    @Test func `a reply bounds ledger time by when it was asked for and when it came`() {
        var clock = LedgerClock()
        #expect(clock.knowledge(at: at(0)) == nil)
        clock.heard(stamp(1_000_000), sent: at(500), received: at(900))
        #expect(clock.knowledge(at: at(900)) == LedgerKnowledge(incarnation: "one", lower: 1_000_000, upper: 1_000_401, age: 400))
        // A second later the drift of 1,000 ppm has widened them by a millisecond each.
        #expect(clock.knowledge(at: at(1_000_900))?.lower == 1_999_000)
        #expect(clock.knowledge(at: at(1_000_900))?.upper == 2_001_401)
    }

    @Test func `a slow reply does not widen what a fast one taught`() {
        var clock = LedgerClock()
        clock.heard(stamp(1_000_000), sent: at(0), received: at(100))
        clock.heard(stamp(1_050_000), sent: at(1_000), received: at(90_000))
        let known = clock.knowledge(at: at(90_000))!
        #expect(known.lower >= 1_089_800)
        #expect(known.upper! <= 1_090_100)
    }

    @Test func `after a step of the ledger the newer knowledge stands alone`() {
        var clock = LedgerClock()
        clock.heard(stamp(1_000_000), sent: at(0), received: at(100))
        clock.heard(stamp(9_000_000), sent: at(1_000), received: at(1_100))
        #expect(clock.knowledge(at: at(1_100))?.lower == 9_000_000)
        #expect(clock.knowledge(at: at(1_100))?.upper == 9_000_101)
    }

    @Test func `who runs ahead of the upper bound raises it by that much, and not to a clock that was set`() {
        var clock = LedgerClock()
        clock.heard(stamp(1_000_000), sent: at(0), received: at(100))
        // Another, whose bounds are wider, let ledger time run on by 10 ms; the host's clock was set forward by 42 ms.
        clock.heardMessage(stamp(1_011_000), received: at(1_000))
        #expect(clock.knowledge(at: at(1_000))?.lower == 1_011_000)
        #expect(clock.knowledge(at: at(1_000))?.upper == 1_011_000)
        clock.heard(LedgerStamp(time: 1_015_000, clock: 1_044_000, incarnation: "one"), sent: at(2_000), received: at(2_100))
        #expect(clock.knowledge(at: at(2_100))?.lower == 1_015_000)
        #expect(clock.knowledge(at: at(2_100))?.upper == 1_015_101)
    }

    @Test func `a clock that is ahead even when the reply comes was set forward, by however little`() {
        var clock = LedgerClock()
        clock.heard(stamp(1_000_000), sent: at(0), received: at(100))
        // The host's clock is 21 ms ahead; the ledger holds this caller back to what it knows.
        let proof = LedgerStamp(time: 1_001_000, clock: 1_022_050, incarnation: "one")
        let isToBePutRight = clock.heard(proof, sent: at(1_000), received: at(1_100))
        #expect(isToBePutRight)
        #expect(clock.knowledge(at: at(1_100))?.isClockAhead == true)
        #expect(clock.knowledge(at: at(1_100))?.upper == 1_001_102)
        // Put right: another frame, behind the one before, whose upper bound holds.
        let corrected = LedgerStamp(time: 1_001_900, clock: 1_001_900, frame: 1, incarnation: "one")
        clock.heard(corrected, sent: at(2_000), received: at(2_100))
        #expect(
            clock.knowledge(at: at(2_100)) == LedgerKnowledge(incarnation: "one", frame: 1, lower: 1_001_900, upper: 1_002_001, age: 100))
    }

    @Test func `a call that was slow is no proof that the clock was set, nor is one that is a little ahead`() {
        var clock = LedgerClock()
        clock.heard(stamp(1_000_000), sent: at(0), received: at(100))
        clock.heard(LedgerStamp(time: 1_001_000, clock: 1_041_000, incarnation: "one"), sent: at(1_000), received: at(41_100))
        #expect(clock.knowledge(at: at(41_100))?.isClockAhead == false)
        clock.heard(LedgerStamp(time: 1_042_000, clock: 1_043_000, incarnation: "one"), sent: at(42_000), received: at(42_100))
        #expect(clock.knowledge(at: at(42_100))?.isClockAhead == false)
    }

    @Test func `whose own clock is slow soon stops putting the ledger right, and a single step later on is seen again`() {
        var clock = LedgerClock()
        var local: Int64 = 0
        var frame: Int64 = 0
        var (adjustment, corrections) = (Int64(0), 0)
        /// A reply to a call that says what is known; the ledger puts its clock right where there is proof.
        func call(host: Int64) {
            let known = clock.knowledge(at: at(local))
            let held = min(host + adjustment, known?.upper ?? .max)
            if known?.isClockAhead == true {
                (frame, corrections) = (frame + 1, corrections + 1)
                adjustment = held - host
            }
            let stamp = LedgerStamp(time: held, clock: host + adjustment, frame: frame, incarnation: "one")
            clock.heard(stamp, sent: at(local), received: at(local + 100))
        }
        // A minute in which this clock runs 8 % slow.
        while local < 60 * second {
            call(host: 1_000_000 + local + local * 8 / 100)
            local += 20 * millisecond
        }
        #expect((1...20).contains(corrections))
        // Quiet again for two minutes; then a step of 5 ms.
        let ahead = local * 8 / 100
        for _ in 0..<120 {
            local += second
            call(host: 1_000_000 + local + ahead)
        }
        corrections = 0
        for _ in 0..<3 {
            local += 20 * millisecond
            call(host: 1_000_000 + local + ahead + 5 * millisecond)
        }
        #expect(corrections >= 1)
    }

    @Test func `an upper bound holds in the frames that follow, a lower one does not`() {
        var clock = LedgerClock()
        clock.heard(stamp(1_000_000), sent: at(0), received: at(100))
        // In the frame that began the clock was set forward again, which a caller who knows the time before must not believe.
        clock.heard(LedgerStamp(time: 1_000_500, clock: 1_030_000, frame: 1, incarnation: "one"), sent: at(1_000), received: at(1_100))
        #expect(
            clock.knowledge(at: at(1_100))
                == LedgerKnowledge(incarnation: "one", frame: 1, lower: 1_000_500, upper: 1_001_102, isClockAhead: true, age: 100))
        // Older data came back: nothing that was known is about it.
        clock.heard(LedgerStamp(time: 900_000, clock: 900_000, incarnation: "one"), sent: at(2_000), received: at(2_100))
        #expect(clock.knowledge(at: at(2_100)) == LedgerKnowledge(incarnation: "one", lower: 900_000, upper: 900_101, age: 100))
    }

    @Test func `another life of the data begins with nothing known`() {
        var clock = LedgerClock()
        clock.heard(stamp(9_000_000), sent: at(0), received: at(100))
        clock.heard(stamp(100, "two"), sent: at(1_000), received: at(1_100))
        #expect(clock.knowledge(at: at(1_100))?.incarnation == "two")
        #expect(clock.knowledge(at: at(1_100))?.lower == 100)
        clock.heard(LedgerStamp(time: 5, incarnation: ""), sent: at(2_000), received: at(2_100))
        #expect(clock.knowledge(at: at(2_100))?.incarnation == "two")
    }

    @Test func `a message bounds ledger time from below only`() {
        var clock = LedgerClock()
        clock.heardMessage(stamp(1_000_000), received: at(100))
        #expect(clock.knowledge(at: at(100)) == LedgerKnowledge(incarnation: "one", lower: 1_000_000, upper: nil, age: 0))
        clock.heardMessage(stamp(900_000), received: at(200))
        #expect(clock.knowledge(at: at(200))!.lower >= 1_000_000)
    }

    /// The truth runs at any rate within the allowance, replies take any time: it never leaves the bounds.
    @Test func `the truth stays within the bounds whatever the delays`() {
        for seed in 0..<500 as Range<UInt64> {
            var random = Seeded(seed)
            let rate = random.pick(-900...900)
            func truth(_ local: Int64) -> Int64 { 1_000_000_000 + local + local * rate / 1_000_000 }
            var clock = LedgerClock()
            var local: Int64 = 0
            for _ in 0..<40 {
                let sent = local + random.pick(0...5 * second)
                let carriedOut = sent + random.pick(0...second)
                local = carriedOut + random.pick(0...second)
                clock.heard(stamp(truth(carriedOut)), sent: at(sent), received: at(local))
                let later = local + random.pick(0...20 * second)
                let known = clock.knowledge(at: at(later))!
                #expect(known.lower <= truth(later) + 1 && truth(later) <= known.upper! + 1, "seed \(seed)")
            }
        }
    }
}
