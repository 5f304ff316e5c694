import SluiceRandom
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct MemorySketchTests {
    @Test(arguments: [8, 100, 1_000, 10_000])
    func `an estimate is never too low, and rarely too high`(capacity: Int) {
        var sketch = FrequencySketch(capacity: capacity)
        var truth: [UInt64: Int] = [:]
        var generator = SeededGenerator(seed: UInt64(capacity))
        // As many different keys as it is made for, and fewer notes than age it.
        for _ in 0..<capacity * 8 {
            let key = UInt64(Int.random(in: 0..<capacity, using: &generator)).mixed
            let times = Int.random(in: 1...3, using: &generator)
            guard truth.values.count < capacity || truth[key] != nil else { continue }
            if truth.isEmpty == false, truth[key, default: 0] + times > 15 { continue }
            sketch.note(key, times: times)
            truth[key, default: 0] += times
        }
        #expect(truth.values.reduce(0, +) < sketch.period, "nothing has aged")
        var tooHigh = 0
        for (key, count) in truth {
            #expect(sketch.estimate(key) >= count)
            if sketch.estimate(key) > count { tooHigh += 1 }
        }
        #expect(tooHigh <= max(3, truth.count / 20))
    }

    @Test func `a count stops at 15`() {
        var sketch = FrequencySketch(capacity: 1_000)
        for _ in 0..<40 { sketch.note(7) }
        #expect(sketch.estimate(7) == FrequencySketch.limit)
    }

    @Test func `counts are halved after a period`() {
        var sketch = FrequencySketch(capacity: 64)
        sketch.note(1, times: 12)
        for _ in 0..<sketch.period - 13 { sketch.note(2) }
        #expect(sketch.estimate(1) == 12 && sketch.estimate(2) == 15)
        sketch.note(2)
        #expect(sketch.estimate(1) == 6 && sketch.estimate(2) == 7)
    }

    @Test func `growing forgets nothing`() {
        var sketch = FrequencySketch(capacity: 16)
        for key in 0..<16 { sketch.note(UInt64(key).mixed, times: key % 8 + 1) }
        let before = (0..<16).map { sketch.estimate(UInt64($0).mixed) }
        sketch.grow(to: 5_000)
        #expect((0..<16).map { sketch.estimate(UInt64($0).mixed) } == before)
        #expect(sketch.bytes <= 5_000 * 32)
    }
}
