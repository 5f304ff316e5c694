import SluiceCoordination
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Fair division` {
    @Test func `those who want little get it all, the rest is shared evenly, the odd one goes to the first`() {
        #expect(Allotment.shares(of: 10, among: [(1, 0), (20, 0), (20, 0)]) == [1, 5, 4])
        #expect(Allotment.shares(of: 2, among: [(5, 0), (5, 0), (5, 0)]) == [1, 1, 0])
        #expect(Allotment.shares(of: 100, among: [(3, 0), (0, 0), (4, 0)]) == [3, 0, 4])
    }

    @Test func `a lower tier is served to the full before a higher one gets any`() {
        #expect(Allotment.shares(of: 10, among: [(8, 1), (4, 0), (3, 0)]) == [3, 4, 3])
        #expect(Allotment.shares(of: 5, among: [(8, 1), (4, 0), (3, 0)]) == [0, 3, 2])
    }

    @Test func `mirrors give in proportion to what they have free`() {
        #expect(Allotment.split(10, over: [.init(free: 30), .init(free: 10)]) == [8, 2])
        #expect(Allotment.split(40, over: [.init(free: 30), .init(free: 10)]) == [30, 10])
        #expect(Allotment.split(1, over: [.init(free: 5), .init(free: 5)]) == [1, 0])
        #expect(Allotment.split(0, over: [.init(free: 0), .init(free: 0)]) == [0, 0])
    }

    @Test func `of two mirrors the faster gives more, and the slower the rest when all is wanted`() {
        let offers = [Allotment.Offer(free: 10, latency: 100_000), .init(free: 10, latency: 20_000)]
        #expect(Allotment.split(5, over: offers) == [1, 4])
        #expect(Allotment.split(20, over: offers) == [10, 10])
        // One that is not known yet is tried; a few milliseconds make no difference.
        #expect(Allotment.split(4, over: [.init(free: 10, latency: 20_000), .init(free: 10)]) == [2, 2])
        #expect(Allotment.split(10, over: [.init(free: 10, latency: 1_000), .init(free: 10, latency: 1_500)]) == [5, 5])
    }

    @Test func `a mirror whose last requests failed gives least, and the rest when all is wanted`() {
        let offers = [Allotment.Offer(free: 10, isSuspect: true), .init(free: 10, latency: 20_000)]
        #expect(Allotment.split(1, over: offers) == [0, 1])
        #expect(Allotment.split(9, over: offers) == [1, 8])
        #expect(Allotment.split(20, over: offers) == [10, 10])
    }

    @Test func `nobody is sent on a probe while another mirror has a slot`() {
        let offers = [Allotment.Offer(free: 1, isOnProbation: true), .init(free: 3, latency: 5_000_000)]
        #expect(Allotment.split(3, over: offers) == [0, 3])
        #expect(Allotment.split(4, over: offers) == [1, 3])
    }

    /// What fairness means, for any demands: nobody gets more than it wants; nothing is left over while somebody
    /// wants more; and within a tier nobody who is short has two fewer than another.
    @Test func `the division is max-min fair for any demands`() {
        for seed in 0..<3_000 as Range<UInt64> {
            var random = Seeded(seed)
            let demands = (0..<random.pick(0...12)).map { _ in (wanted: random.pick(0...30), tier: Int(random.pick(0...2))) }
            let free = (0..<random.pick(1...4)).map { _ in random.pick(0...60) }
            let supply = free.reduce(0, +)
            let shares = Allotment.shares(of: supply, among: demands)
            let total = shares.reduce(0, +)
            #expect(total == min(supply, demands.reduce(0) { $0 + $1.wanted }), "seed \(seed)")
            for (one, share) in shares.enumerated() {
                #expect((0...demands[one].wanted).contains(share), "seed \(seed)")
                guard share < demands[one].wanted else { continue }
                for other in demands.indices {
                    if demands[other].tier == demands[one].tier { #expect(shares[other] <= share + 1, "seed \(seed)") }
                    if demands[other].tier > demands[one].tier { #expect(shares[other] == 0, "seed \(seed)") }
                }
            }
            let offers = free.map {
                Allotment.Offer(
                    free: $0, latency: random.chance(70) ? random.pick(1...200_000) : 0, isSuspect: random.chance(20),
                    isOnProbation: random.chance(20))
            }
            let parts = Allotment.split(total, over: offers)
            #expect(parts.reduce(0, +) == total, "seed \(seed)")
            #expect(zip(parts, free).allSatisfy { (0...$1).contains($0) }, "seed \(seed)")
            let pieces = Allotment.pieces(shares: shares, parts: parts, room: free.map { _ in 100 })
            #expect(pieces.count <= max(0, demands.count + free.count - 1), "seed \(seed)")
            for (demand, share) in shares.enumerated() {
                #expect(pieces.filter { $0.demand == demand }.reduce(0) { $0 + $1.count } == share, "seed \(seed)")
            }
            for (mirror, part) in parts.enumerated() {
                #expect(pieces.filter { $0.mirror == mirror }.reduce(0) { $0 + $1.count } == part, "seed \(seed)")
            }
        }
    }
}
