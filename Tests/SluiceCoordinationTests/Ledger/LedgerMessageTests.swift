import SluiceCoordination
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Grant messages` {
    private let message = GrantMessage(
        incarnation: "k3", frame: 2, epoch: 7, time: 1_700_000_000_000_000, sequence: 12, stamp: -5, life: 6_000_000,
        items: [.init(mirror: "a.b_c-1", number: 106_250_000_000_001, count: 3), .init(mirror: "b", number: 1, count: 10_000_000)])

    @Test func `a message is read as it was written`() {
        #expect(GrantMessage(message.text.utf8) == message)
        #expect(message.text == "1 k3 2 7 1700000000000000 12 -5 6000000 a.b_c-1=106250000000001:3 b=1:10000000")
    }

    @Test(arguments: [
        "", "1", "2 k 0 1 1 1 1 1 a=1:1", "1 k 0 1 1 1 1 1", "1 k 0 1 1 1 1 1 ", "1 k 0 1 1 1 1 1 a=1:1 ", "1 k 0 1 1 1 1 a=1:1",
        "1  0 1 1 1 1 1 a=1:1", "1 k 0 -1 1 1 1 1 a=1:1", "1 k 0 1 x 1 1 1 a=1:1", "1 k 0 1 1 1 1 1 =1:1", "1 k 0 1 1 1 1 1 a=:1",
        "1 k 0 1 1 1 1 1 a=1:", "1 k 0 1 1 1 1 1 a=1:0", "1 k 0 1 1 1 1 1 a=1:-1", "1 k 0 1 1 1 1 1 a:1=1", "1 k 0 1 1 1 1 1 a=1:1:1",
        "1 k 0 1 1 1 1 1 a=9999999999999999999:1", "1 k 0 1 1 1 1 1 a=0:1", "1 k 0 1 1 1 1 - a=1:1", "1 k 0 1 1 1 1 1 ä=1:1",
    ])
    func `what is no message is refused`(text: String) {
        #expect(GrantMessage(text.utf8) == nil)
    }

    @Test func `no bytes make the reader trap, and what it accepts it writes back`() {
        var accepted = 0
        for seed in 0..<20_000 as Range<UInt64> {
            var random = Seeded(seed)
            var bytes = Array(message.text.utf8)
            for _ in 0..<random.pick(1...4) {
                let place = Int(random.pick(0...Int64(bytes.count - 1)))
                switch random.pick(0...3) {
                case 0: bytes[place] = UInt8(random.pick(0...255))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array(" =:-0123456789a".utf8).shuffled(using: &random).prefix(3), at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { break }
            }
            guard let read = GrantMessage(bytes) else { continue }
            accepted += 1
            #expect(GrantMessage(read.text.utf8) == read, "seed \(seed)")
        }
        #expect(accepted > 100)
    }
}
