import SluiceLoop
import SluiceRandom
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct MemoryTierTests {
    static func entry(_ size: Int = 100, version: String = "v", fresh: Int64 = 60_000, stale: Int64 = 120_000, era: UInt64 = 1)
        -> MemoryEntry
    {
        let record = CacheRecord(
            version: version, status: 200, mirror: "m", headers: [], body: .init(repeating: 7, count: size), tags: [version],
            storedAt: 0, freshUntil: fresh, refreshUntil: fresh, staleUntil: stale)
        return MemoryEntry(record, serverTime: 0, anchor: .now, era: era)
    }

    static func key(_ number: Int) -> CacheKey { CacheKey(normal: "/posts/\(number)") }

    private func tier(_ bytes: Int) -> MemoryTier { MemoryTier(byteLimit: bytes, era: TrustEra(isTracked: false)) }

    @Test func `what was replaced, taken out or had to go is given up, and so is all of a tier that goes`() {
        final class Witness { weak var record: CacheRecord? }
        var tier: MemoryTier? = tier(1 << 20)
        var witnesses: [Witness] = []
        func install(_ number: Int) {
            let (entry, witness) = (Self.entry(version: "\(witnesses.count)"), Witness())
            witness.record = entry.record
            witnesses.append(witness)
            tier?.install(entry, for: Self.key(number))
        }
        func alive() -> Int { witnesses.count { $0.record != nil } }
        for _ in 0..<2 { for number in 0..<100 { install(number) } }
        #expect(alive() == 100 && tier?.usage.entries == 100)
        for number in 0..<30 { tier?.remove(Self.key(number)) }
        #expect(alive() == 70)
        // Into the places that are free, and beyond what there is room for.
        for number in 100..<10_000 { install(number) }
        #expect(alive() == tier?.usage.entries && alive() > 100 && alive() < 9_000)
        tier = nil
        #expect(alive() == 0)
    }

    @Test(arguments: [1 << 16, 1 << 20, 24 << 20])
    func `memory never holds more bytes than its bound`(limit: Int) {
        let tier = tier(limit)
        var generator = SeededGenerator(seed: UInt64(limit))
        for _ in 0..<20_000 {
            let key = Self.key(Int.random(in: 0..<5_000, using: &generator))
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: tier.remove(key)
            case 1...3: _ = tier.hit(key, now: .now)
            default: tier.install(Self.entry(Int.random(in: 0..<20_000, using: &generator)), for: key)
            }
            #expect(tier.usage.bytes <= limit)
        }
        #expect(tier.usage.entries > 0 && tier.usage.evictions > 0)
    }

    @Test func `the shard agrees with a dictionary, and its books with its contents`() {
        var shard = MemoryShard(byteLimit: .max)
        var model: [CacheKey: String] = [:]
        var generator = SeededGenerator(seed: 11)
        for step in 0..<30_000 {
            let key = Self.key(Int.random(in: 0..<400, using: &generator))
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                shard.install(Self.entry(10, version: "\(step)"), for: key)
                model[key] = "\(step)"
            case 1: #expect(shard.remove(key) == (model.removeValue(forKey: key) != nil))
            default: #expect(shard.find(key)?.record.version == model[key])
            }
        }
        #expect(shard.usage.entries == model.count)
        for key in model.keys { shard.remove(key) }
        #expect(shard.usage.entries == 0 && shard.usage.bytes == 0)
    }

    @Test func `a key goes with its entry, and no free slot keeps it`() {
        var shard = MemoryShard(byteLimit: 1 << 20)
        let long = String(repeating: "x", count: 8_000)
        for number in 0..<1_000 { shard.install(Self.entry(10), for: CacheKey(normal: "/\(number)/\(long)")) }
        let room = shard.usage.entries
        #expect(room > 50 && room < 200)
        // Few large entries take the place of many with long keys.
        for number in 0..<1_000 { shard.install(Self.entry(100_000), for: Self.key(number)) }
        for number in 0..<1_000 { _ = shard.remove(CacheKey(normal: "/\(number)/\(long)")) }
        #expect(shard.usage.entries > 0 && shard.usage.entries < 20)
        #expect(shard.keyBytes < 2 * 20 * 20, "free slots hold keys")
    }

    @Test(arguments: 0..<10)
    func `a target as it was given finds what its key would, if it is in normal form, and nothing else ever`(seed: UInt64) throws {
        let tier = tier(1 << 24)
        var generator = SeededGenerator(seed: seed)
        let signs: [Character] = ["/", ".", "%", "4", "1", "?", "&", "é", "e\u{301}", "a", "K", "\u{212A}", ";", "\u{37E}"]
        var held: Set<CacheKey> = []
        var found = 0
        for _ in 0..<4_000 {
            // Among them a Kelvin sign, which equals a K, and a Greek question mark, which equals a semicolon.
            let target = "/" + String((0..<Int.random(in: 0...3, using: &generator)).map { _ in signs.randomElement(using: &generator)! })
            let key = try? CacheKey(target: target)
            let expected = key.map { held.contains($0) && $0.target.utf8.elementsEqual(target.utf8) } ?? false
            #expect((tier.hit(target: target, now: .now) != nil) == expected, "\(target)")
            found += expected ? 1 : 0
            guard let key, Bool.random(using: &generator) else { continue }
            tier.install(Self.entry(), for: key)
            held.insert(key)
            // Another method's answer is nobody's who gets.
            let head = try CacheKey(method: "HEAD", target: "/head" + target.dropFirst())
            tier.install(Self.entry(), for: head)
            #expect(tier.hit(head, now: .now) != nil && tier.hit(target: head.target, now: .now) == nil)
        }
        #expect(found > 100)
        #expect(tier.hit(target: "", now: .now) == nil && tier.hit(target: "posts", now: .now) == nil)
    }

    @Test func `what is asked for again survives a scan`() {
        let tier = tier(1 << 20)
        let popular = (0..<100).map(Self.key)
        for round in 0..<4 {
            for _ in 0..<3 { for key in popular where tier.hit(key, now: .now) == nil { tier.install(Self.entry(), for: key) } }
            for number in 0..<3_000 { tier.install(Self.entry(), for: Self.key(1_000_000 * (round + 1) + number)) }
        }
        let survivors = popular.filter { tier.hit($0, now: .now) != nil }.count
        #expect(survivors >= 90)
    }

    @Test func `too large an entry is left out, and takes its predecessor's place from it`() {
        let tier = tier(1 << 16)
        tier.install(Self.entry(10), for: Self.key(1))
        tier.install(Self.entry(1 << 17), for: Self.key(1))
        #expect(tier.find(Self.key(1), now: .now) == nil)
        #expect(tier.usage.entries == 0)
    }

    @Test func `only fresh and verified entries are hits`() {
        let era = TrustEra(isTracked: true)
        let tier = MemoryTier(byteLimit: 1 << 20, era: era)
        let key = Self.key(1)
        era.begin()
        tier.install(Self.entry(era: era.current), for: key)
        #expect(tier.hit(key, now: .now) != nil)
        #expect(tier.hit(key, now: Instant.now.advanced(by: .seconds(61))) == nil)
        tier.distrust(key)
        #expect(tier.hit(key, now: .now) == nil)
        tier.install(Self.entry(era: era.current), for: key)
        era.end()
        #expect(tier.hit(key, now: .now) == nil)
        era.begin()
        #expect(tier.hit(key, now: .now) == nil)
        #expect(tier.find(key, now: .now) != nil)
        #expect(tier.find(key, now: Instant.now.advanced(by: .seconds(121))) == nil)
        #expect(tier.usage.entries == 0)
    }

    @Test func `tagged entries go together`() {
        let tier = tier(16 << 20)
        for number in 0..<100 { tier.install(Self.entry(version: number % 2 == 0 ? "even" : "odd"), for: Self.key(number)) }
        #expect(tier.removeAll(tagged: "even") == 50)
        #expect(tier.usage.entries == 50)
    }

    @Test func `any thread reads while others write`() async {
        let tier = tier(1 << 20)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(task))
                    for _ in 0..<20_000 {
                        let number = Int.random(in: 0..<3_000, using: &generator)
                        if let entry = tier.hit(Self.key(number), now: .now) {
                            #expect(entry.record.version == "\(number)")
                        } else {
                            tier.install(Self.entry(version: "\(number)"), for: Self.key(number))
                        }
                    }
                }
            }
        }
        #expect(tier.usage.bytes <= 1 << 20)
    }
}
