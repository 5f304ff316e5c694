/// What one process, or several together, did in a round.
struct BenchTally: Sendable {
    /// Slots that were taken and given back.
    var slots = 0
    /// How long it took; of several processes the longest.
    var seconds = 0.0
    /// Processor seconds of the processes.
    var processorSeconds = 0.0
    /// From asking for a slot until having it.
    var waits = Latencies()
    /// From a plain GET until its reply.
    var gets = Latencies()

    init() {}

    mutating func add(_ other: BenchTally) {
        slots += other.slots
        seconds = max(seconds, other.seconds)
        processorSeconds += other.processorSeconds
        waits.add(other.waits)
        gets.add(other.gets)
    }

    /// The line that a process writes after a round.
    var text: String { "tally \(slots) \(seconds) \(processorSeconds) w\(waits.text) g\(gets.text)" }

    /// Reads a line; nil when it is none.
    init?(text: some StringProtocol) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0] == "tally", let slots = Int(parts[1]), let seconds = Double(parts[2]),
            let processorSeconds = Double(parts[3]), let waits = Latencies(text: parts[4].dropFirst()),
            let gets = Latencies(text: parts[5].dropFirst())
        else { return nil }
        self.slots = slots
        self.seconds = seconds
        self.processorSeconds = processorSeconds
        self.waits = waits
        self.gets = gets
    }
}
