import SluiceCache

/// An answer that this process's memory held, fresh and verified: without a copy of anything.
package struct MemoryAnswer: Sendable {
    private let answer: CacheAnswer

    init(_ answer: CacheAnswer) { self.answer = answer }

    /// Unique in this process to one stored state of the answer: what has the same serial is the same. Never 0.
    package var serial: UInt64 { answer.record.serial }
    /// The HTTP status.
    package var status: Int { answer.record.status }
    /// The header fields, names in lower case.
    package var headers: [(name: String, value: String)] { answer.record.headers }
    /// The body.
    package var body: [UInt8] { answer.record.body }
    /// How old it is.
    package var age: Duration { answer.age }
    /// How long it is still fresh.
    package var freshFor: Duration { answer.remainingFresh }
}
