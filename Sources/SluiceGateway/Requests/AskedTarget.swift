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
    /// The whole answer, where it is small: a large one would be kept here when memory has long let it go.
    private var response: ServerResponse?

    /// The longest body in bytes that is kept ready.
    private static let readyBytes = 4_096

    init(_ target: PoolTarget, within span: Duration?) {
        self.target = target
        self.span = span
    }

    /// The response for an answer from memory. Its headers change once a second at most, so most requests find it ready.
    mutating func response(for answer: MemoryAnswer) -> ServerResponse {
        let age = answer.age.components.seconds
        let ttl = answer.freshFor.wholeSeconds
        if age == self.age, ttl == self.ttl, answer.version == version {
            // Who is asked for again within a second is worth the preparation.
            response?.prepare()
            return response ?? ServerResponse(status: answer.status, headers: headers, body: answer.body)
        }
        headers = answer.headers
        headers.append((name: "Cache-Status", value: CacheStatus.memoryHit(freshFor: ttl)))
        headers.append((name: "Age", value: "\(age)"))
        self.age = age
        self.ttl = ttl
        version = answer.version
        let made = ServerResponse(status: answer.status, headers: headers, body: answer.body)
        response = answer.body.count <= Self.readyBytes ? made : nil
        return made
    }
}
