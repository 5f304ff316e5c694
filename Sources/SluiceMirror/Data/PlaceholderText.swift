import SluiceRandom

/// Makes sentences from a seed: the same seed, the same text, in every process. The words are our own.
struct PlaceholderText {
    private static let subjects = [
        "the lock keeper", "a barge", "the upper gate", "the river", "a heron", "the night watch", "a rope", "the old pump", "the ferry",
        "a miller", "the spring flood", "a lantern", "the paddle wheel", "the towpath", "an otter", "the weir", "a surveyor", "the harbour",
    ]
    private static let verbs = [
        "waits for", "opens", "follows", "measures", "remembers", "carries", "passes", "lifts", "counts", "greets", "fills", "borrows",
        "mends", "hears", "outlasts", "turns towards",
    ]
    private static let objects = [
        "the lower gate", "the morning boats", "a heavy load", "the water level", "the quiet basin", "the next chamber", "its own time",
        "the far bank", "a narrow bridge", "the evening bell", "the long queue", "the miller's grain", "a chain of ducks",
        "the first frost",
        "the slow current", "a painted sign",
    ]
    private static let endings = [
        "before sunrise", "without haste", "one at a time", "after the rain", "as the rules ask", "while others rest", "twice a day",
        "in good order", "until the bell rings", "against the wind", "at low water", "with a steady hand",
    ]
    private static let adjectives = [
        "patient", "narrow", "early", "silver", "steady", "hidden", "northern", "shallow", "careful", "second", "open", "drowsy",
        "restless",
    ]
    private static let nouns = [
        "chamber", "crossing", "sluice", "signal", "passage", "ledger", "voyage", "keeper", "current", "tide", "bridge", "cargo", "mooring",
    ]

    private var random: SeededGenerator

    /// - Parameters:
    ///   - kind: sets texts of different kinds apart.
    ///   - id: the item's number.
    init(_ kind: UInt64, _ id: Int) { random = SeededGenerator(seed: kind &* 0x1_0000_0001 &+ UInt64(id)) }

    /// One of `choices`.
    mutating func pick(_ choices: [String]) -> String { choices[Int.random(in: 0..<choices.count, using: &random)] }

    /// A whole number in `range`.
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// `a patient crossing at low water`.
    mutating func title() -> String { "\(pick(Self.adjectives)) \(pick(Self.nouns)) \(pick(Self.endings))" }

    /// `the ferry counts the morning boats without haste`.
    mutating func sentence() -> String { "\(pick(Self.subjects)) \(pick(Self.verbs)) \(pick(Self.objects)) \(pick(Self.endings))" }

    /// Four lines.
    mutating func paragraph() -> String { (0..<4).map { _ in sentence() }.joined(separator: "\n") }
}
