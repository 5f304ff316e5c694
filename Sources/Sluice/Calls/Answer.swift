import SluiceCache

/// What a mirror answered, now or earlier, with where it came from.
public struct Answer: Sendable {
    /// Status, headers and body. An answer from memory is the cache's own record: no part of it is touched before it is asked for.
    private enum Content: Sendable {
        case kept(CacheRecord)
        case own(status: Int, headers: [(name: String, value: String)], body: [UInt8])
    }

    /// Where an answer was found.
    public enum Source: Hashable, Sendable, CustomStringConvertible {
        /// In this process's memory.
        case memory
        /// In Redis.
        case redis
        /// At the mirror of this name.
        case mirror(String)

        /// `memory`, `redis`, or the mirror's name.
        public var description: String {
            switch self {
            case .memory: "memory"
            case .redis: "redis"
            case .mirror(let name): name
            }
        }
    }

    private let content: Content
    /// Where it was found.
    public let source: Source
    /// Whether it is past its freshness, and was served since its bounds allow it.
    public let isStale: Bool
    /// Whether this call shared a fetch that another call or process had begun.
    public let isCollapsed: Bool
    /// How old it is.
    public let age: Duration
    /// How long it is still fresh; negative when it is stale.
    public let freshFor: Duration
    /// What a mirror was asked and said for it, when one was.
    package let forward: Forward?

    /// A fetch as the cache saw it.
    package struct Forward: Hashable, Sendable {
        /// The mirror's status: 304 when it confirmed the record at hand.
        package let status: Int
        /// Whether there was a record, past its freshness.
        package let hadRecord: Bool
        /// Whether the answer was stored.
        package let isStored: Bool
    }

    package init(
        status: Int, headers: [(name: String, value: String)], body: [UInt8], source: Source, isStale: Bool, isCollapsed: Bool,
        age: Duration, freshFor: Duration
    ) {
        content = .own(status: status, headers: headers, body: body)
        self.source = source
        self.isStale = isStale
        self.isCollapsed = isCollapsed
        self.age = age
        self.freshFor = freshFor
        forward = nil
    }

    init(_ answer: CacheAnswer) {
        content = .kept(answer.record)
        source =
            switch answer.source {
            case .memory: .memory
            case .redis: .redis
            case .mirror(let name): .mirror(name)
            }
        isStale = answer.stale
        isCollapsed = answer.collapsed
        age = answer.age
        freshFor = answer.remainingFresh
        forward = answer.forward.map { Forward(status: $0.status, hadRecord: $0.hadRecord, isStored: $0.isStored) }
    }

    /// The HTTP status.
    public var status: Int {
        switch content {
        case .kept(let record): record.status
        case .own(let status, _, _): status
        }
    }

    /// The header fields in order.
    public var headers: [(name: String, value: String)] {
        switch content {
        case .kept(let record): record.headers
        case .own(_, let headers, _): headers
        }
    }

    /// The body.
    public var body: [UInt8] {
        switch content {
        case .kept(let record): record.body
        case .own(_, _, let body): body
        }
    }

    /// The value of the first header field of this name, in any case.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
