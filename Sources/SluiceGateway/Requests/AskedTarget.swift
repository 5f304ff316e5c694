import Sluice
import SluiceServer

/// What clients ask for by one spelling of a target: judged and mapped once, with its last answer from memory ready to be sent.
struct AskedTarget: Sendable {
    /// What the mirrors are asked.
    let target: PoolTarget
    /// How long ago a mirror may have given what is served from memory, when its route overrides what answers say.
    let span: Duration?
    private var version = ""
    private var age: Int64 = -1
    private var ttl: Int64 = -1
    private var headers: [(name: String, value: String)] = []

    init(_ target: PoolTarget, within span: Duration?) {
        self.target = target
        self.span = span
    }

    /// The headers for an answer from memory. They change once a second at most, so most requests find them ready.
    mutating func headers(for answer: MemoryAnswer) -> [(name: String, value: String)] {
        let age = answer.age.components.seconds
        let ttl = answer.freshFor.wholeSeconds
        if age == self.age, ttl == self.ttl, answer.version == version { return headers }
        headers = answer.headers
        headers.append((name: "Cache-Status", value: CacheStatus.memoryHit(freshFor: ttl)))
        headers.append((name: "Age", value: "\(age)"))
        self.age = age
        self.ttl = ttl
        version = answer.version
        return headers
    }
}
