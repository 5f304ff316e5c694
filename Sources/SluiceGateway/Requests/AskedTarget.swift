import Sluice
import SluiceServer

/// What clients ask for by one spelling of a target: judged and mapped once, with its last answer from memory ready to be sent.
struct AskedTarget: Sendable {
    /// What the mirrors are asked.
    let target: PoolTarget
    /// How long ago a mirror may have given what is served from memory, when its route overrides what answers say.
    let span: Duration?
    private var serial: UInt64 = 0
    private var age: Int64 = -1
    private var ttl: Int64 = -1
    private var headers: [(name: String, value: String)] = []
    /// The whole answer, where it is small and was asked for again.
    private var ready: ServerResponse?

    /// The most bytes of headers and body that are kept ready, and of headers that are kept: large ones would be kept here when memory has
    /// long let them go.
    private static let readyBytes = 4_096
    private static let headBytes = 1_024

    init(_ target: PoolTarget, within span: Duration?) {
        self.target = target
        self.span = span
    }

    /// Whether an answer is kept ready.
    var isReady: Bool { ready != nil }

    /// Keeps none ready any more.
    mutating func forget() { ready = nil }

    /// The response for an answer from memory. Its headers change twice a second at most, so most requests find it ready.
    mutating func response(for answer: MemoryAnswer, _ fields: AnswerFields) -> ServerResponse {
        let age = answer.age.components.seconds
        let ttl = answer.freshFor.wholeSeconds
        if age == self.age, ttl == self.ttl, answer.serial == serial {
            if let ready { return ready }
            var response = ServerResponse(status: answer.status, headers: headers, body: answer.body)
            // What is asked for again before it changes is worth the preparation.
            if response.headBytes + response.body.count <= Self.readyBytes {
                response.prepare()
                ready = response
            }
            return response
        }
        var headers = fields.kept(answer.headers, age: answer.age)
        headers.append((name: "Cache-Status", value: CacheStatus.memoryHit(freshFor: ttl)))
        headers.append((name: "Age", value: "\(age)"))
        let response = ServerResponse(status: answer.status, headers: headers, body: answer.body)
        let isKept = response.headBytes <= Self.headBytes
        self.headers = isKept ? headers : []
        self.age = isKept ? age : -1
        self.ttl = ttl
        serial = answer.serial
        ready = nil
        return response
    }
}
