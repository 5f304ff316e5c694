import SluiceCoordination
import Testing

@Suite struct `The running median of latencies` {
    @Test func `comes to rest where half of the samples are above, whatever a few of them are`() {
        var random = Seeded(1)
        var known: Int64 = 0
        for _ in 0..<2_000 {
            // Half below 40 ms, half above; one in ten takes seconds.
            let sample = random.chance(10) ? 5 * second : random.pick(20 * millisecond...64 * millisecond)
            known = LatencyMedian.moved(known, towards: sample)
        }
        #expect(LatencyMedian.moved(32 * millisecond, towards: 5 * second) == 34 * millisecond)
        #expect((36 * millisecond...52 * millisecond).contains(known), "\(known)")
    }

    @Test func `follows a mirror that becomes slow or fast within fifty answers, and stays within its bounds`() {
        var known = LatencyMedian.moved(0, towards: 20 * millisecond)
        #expect(known == 20 * millisecond)
        for _ in 0..<50 { known = LatencyMedian.moved(known, towards: 200 * millisecond) }
        #expect(known == 200 * millisecond)
        for _ in 0..<50 { known = LatencyMedian.moved(known, towards: 20 * millisecond) }
        #expect(known == 20 * millisecond)
        #expect(LatencyMedian.moved(0, towards: -5) == 1)
        #expect(LatencyMedian.moved(0, towards: .max) == day)
    }
}
