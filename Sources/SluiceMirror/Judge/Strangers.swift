internal import SluiceLoop
import SluiceRandom

/// Requests of others who use the same quota: at a random instant in each of the equal parts of time that the rate makes. They take
/// their share of the mirror's quota, and are in none of its figures but their own.
struct Strangers: Sendable {
    private let spacing: Int64
    private let start: Instant
    private var random: SeededGenerator
    private var index: Int64 = 0
    private var next: Instant

    /// - Parameter rate: how many come in how much time, from `start` on.
    init(_ rate: MirrorLimit, from start: Instant, seed: UInt64) {
        spacing = max(1, rate.window.microseconds / Int64(rate.count))
        self.start = start
        random = SeededGenerator(seed: seed ^ 0x5354_5241_4E47_4552)
        next = start
        draw()
    }

    /// The next of those that have come by `now` and were not named before; nil: none.
    mutating func arrival(by now: Instant) -> Instant? {
        guard next <= now else { return nil }
        let arrival = next
        index += 1
        draw()
        return arrival
    }

    private mutating func draw() {
        next = start.advanced(byMicroseconds: index * spacing + Int64.random(in: 0..<spacing, using: &random))
    }
}
