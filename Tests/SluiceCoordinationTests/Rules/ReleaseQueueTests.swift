import Testing

@testable import SluiceCoordination

@Suite struct `Slots that come free` {
    @Test func `are told as from a sorted list of each of them`() {
        var random = Seeded(1)
        for _ in 0..<300 {
            var runs: [(at: Int64, count: Int)] = []
            for _ in 0..<random.pick(0...8) { runs.append((random.pick(0...50), Int(random.pick(0...4)))) }
            var queue = ReleaseQueue(runs)
            var list = runs.flatMap { repeatElement($0.at, count: $0.count) }.sorted()
            var last = list.last ?? 0
            var time: Int64 = 0
            for _ in 0..<random.pick(0...40) {
                if random.chance(50) {
                    let release = time + random.pick(0...30)
                    queue.append(release)
                    last = max(last, release)
                    list.append(last)
                } else {
                    time += random.pick(0...5)
                    queue.drop(through: time)
                    list.removeAll { $0 <= time }
                }
                #expect(queue.count == list.count)
                for surplus in list.indices { #expect(queue.release(after: surplus) == list[surplus]) }
            }
        }
    }

    @Test func `cost by their moments, not by their number`() {
        let queue = ReleaseQueue((1...1_000).map { (at: Int64($0), count: 16_000_000) })
        #expect(queue.count == 16_000_000_000)
        #expect(queue.release(after: 15_999_999_999) == 1_000)
    }
}
