import SluiceRandom
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct MemoryPolicyTests {
    /// What a policy should hold, by slot.
    private struct Books {
        var weights: [Int: Int] = [:]
        var hashes: [Int: UInt64] = [:]

        func check(_ policy: EvictionPolicy) {
            let window = policy.queues.slots(in: .window)
            let main = policy.queues.slots(in: .main)
            #expect(Set(window).isDisjoint(with: main))
            #expect(Set(window + main) == Set(weights.keys), "each entry is in one queue")
            #expect(window.count + main.count == weights.count, "and once")
            #expect(policy.queues.window.count == window.count && policy.queues.main.count == main.count)
            #expect(policy.queues.window.weight == window.reduce(0) { $0 + weights[$1, default: 0] })
            #expect(policy.weight == weights.values.reduce(0, +) && policy.count == weights.count)
            #expect(
                window.allSatisfy { policy.queues.place(of: $0) == .window } && main.allSatisfy { policy.queues.place(of: $0) == .main })
            #expect(hashes.allSatisfy { policy.queues.hash(of: $0.key) == $0.value })
        }
    }

    @Test(arguments: [(10, 1), (100, 1), (2_000, 1), (2_000, 300), (100_000, 90_000)])
    func `an entry is in exactly one queue, weights add up, and victims suffice`(capacity: Int, heaviest: Int) {
        var policy = EvictionPolicy(capacity: capacity, isTuned: true)
        var books = Books()
        var generator = SeededGenerator(seed: UInt64(capacity + heaviest))
        for step in 0..<12_000 {
            let held = books.weights.isEmpty ? nil : books.weights.keys.min { ($0 ^ step) < ($1 ^ step) }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let weight = Int.random(in: 1...heaviest, using: &generator)
                let hash = UInt64(Int.random(in: 0..<5_000, using: &generator)).mixed
                let slot = policy.insert(hash, weight: weight)
                #expect(books.weights.updateValue(weight, forKey: slot) == nil, "a slot is one entry's")
                books.hashes[slot] = hash
            case 5..<8:
                if let held { policy.touch(held, hash: books.hashes[held]!) }
            case 8:
                guard let held else { break }
                policy.remove(held)
                books.weights[held] = nil
                books.hashes[held] = nil
            default:
                guard let held else { break }
                books.weights[held] = Int.random(in: 1...heaviest, using: &generator)
                policy.reweigh(held, to: books.weights[held]!)
            }
            while let victim = policy.victim() {
                #expect(books.weights.removeValue(forKey: victim) != nil, "a victim was there")
                books.hashes[victim] = nil
            }
            #expect(policy.weight <= capacity)
            if step % 100 == 0 { books.check(policy) }
        }
        books.check(policy)
    }

    @Test func `what was used gets another round, what was not goes`() {
        var queues = EvictionQueues(capacity: 10, windowShare: 0.9)
        let slots = (0..<10).map { queues.insert(UInt64($0).mixed, weight: 1) }
        for slot in slots where slot != slots[3] { queues.touch(slot) }
        let newest = queues.insert(UInt64(99).mixed, weight: 1)
        var victims: [Int] = []
        while let victim = queues.victim() { victims.append(victim) }
        #expect(victims == [slots[3]] || victims == [newest], "one of the two that were not used")
    }

    @Test func `the tuner widens the window where recency counts and narrows it for a loop`() {
        func share(after requests: some Sequence<Int>) -> Double {
            var tuner = WindowTuner(capacity: 100, sampleLimit: 128)
            for key in requests { _ = tuner.request(UInt64(key).mixed, weight: 1) }
            return tuner.share
        }
        var generator = SeededGenerator(seed: 9)
        // Each key is asked for twice in all, within the capacity: the past says nothing about what is popular.
        let recent = (0..<20_000).flatMap { step in [step + 80, step] + [Int.random(in: step..<step + 80, using: &generator)] }
        #expect(share(after: recent) > 0.2)
        #expect(share(after: (0..<40_000).map { $0 % 180 }) < 0.05)
    }

    @Test func `a small loop that heavy entries pass by stays`() {
        var policy = EvictionPolicy(capacity: 1_000, isTuned: false)
        var index: [UInt64: Int] = [:]
        var hits = 0
        for step in 0..<20_000 {
            // Ten weights of ten, asked for in turn; between them keys that weigh a third of all and come once.
            let isHeavy = step % 5 == 0
            let hash = UInt64(isHeavy ? 1_000_000 + step : step % 10).mixed
            if let slot = index[hash] {
                policy.touch(slot, hash: hash)
                hits += 1
                continue
            }
            index[hash] = policy.insert(hash, weight: isHeavy ? 300 : 10)
            while let victim = policy.victim() { index = index.filter { $0.value != victim } }
        }
        #expect(hits > 20_000 * 4 / 5 * 9 / 10)
    }
}
