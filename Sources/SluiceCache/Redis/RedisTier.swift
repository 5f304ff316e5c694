internal import SluiceRedis

/// The cache in Redis: its scripts, and what their replies mean. On the loop's thread only.
///
/// Every call may be sent again when its reply is lost: tokens make that harmless. A lookup is sent again by its flight, which
/// may have something stale to serve in the meantime.
struct RedisTier: Sendable {
    /// The connection, on the same loop.
    let client: RedisClient
    /// The names.
    let keys: RedisKeys
    /// How long a flight stays taken without a sign of life, in milliseconds.
    let lease: Int64
    /// Who holds our flights.
    let holder: String
    /// The largest body in bytes that a compressed one may become.
    let bodyLimit: Int

    /// Whether commands can be sent now.
    var isConnected: Bool { client.assumeIsolated { $0.isConnected } }

    /// Why there is no connection; nil while there is one, and before the first attempt has failed.
    var lastConnectionError: RedisError? { client.assumeIsolated { $0.lastConnectionError } }

    /// How a lookup may go about the flight.
    private enum LookupMode: String {
        /// Take it if there is nothing fresh.
        case take
        /// Take it though a record seems fresh, which could not be read.
        case force
        /// Take it though the record is fresh, as long as it is the one that the caller has.
        case ahead
        /// Leave it: Redis takes no writes.
        case read
    }

    /// Reads a record and takes the flight if there is none fresh. From a Redis that takes no writes it only reads.
    /// - Parameters:
    ///   - known: a record that the caller has: it is not sent again if Redis has the same.
    ///   - isAhead: the flight is wanted though that record is fresh.
    ///   - maxAge: how many milliseconds ago a mirror may have given the record, for it to be fresh; nil: as long as it says itself.
    func lookUp(
        _ key: CacheKey, token: String, known: CacheRecord?, isAhead: Bool = false, maxAge: Int64? = nil,
        _ reply: @escaping (Result<LookupAnswer, RedisError>) -> Void
    ) {
        lookUp(key, token: token, known: known, isAhead ? .ahead : .take, maxAge) { result in
            switch result {
            case .failure(let error) where error.writeRefusal != nil:
                lookUp(key, token: token, known: known, .read, nil) { reply($0.map { $0.refused(error) }) }
            case .success(let answer):
                guard case .none = answer.found, case .unneeded = answer.flight else { return reply(result) }
                // It says that it is fresh, yet cannot be read: fetch it anew.
                lookUp(key, token: token, known: nil, .force, nil, reply)
            case .failure: reply(result)
            }
        }
    }

    private func lookUp(
        _ key: CacheKey, token: String, known: CacheRecord?, _ mode: LookupMode, _ maxAge: Int64?,
        _ reply: @escaping (Result<LookupAnswer, RedisError>) -> Void
    ) {
        let comparable = known.flatMap { $0.body.count <= ContentDigest.bodyLimit ? $0 : nil }
        let arguments: CommandArguments = [
            token, String(lease), holder, mode.rawValue, (mode == .ahead ? known : comparable)?.version ?? "",
            comparable.map(ContentDigest.of) ?? "", maxAge.map { String($0) } ?? "",
        ]
        client.submit(
            CacheScripts.lookup, keys: [keys.record(key), keys.flight(key), keys.purges, keys.prefixPurges],
            arguments: arguments
        ) { result in
            reply(
                result.flatMap { value in
                    Self.lookupAnswer(value, bodyLimit: bodyLimit).map { .success($0) } ?? .failure(Self.unexpected(value, from: "lookup"))
                })
        }
    }

    /// What came of a fill: the stored record's times, a refusal, or that a newer record was there.
    enum FillAnswer: Sendable, Hashable {
        case refused
        case kept
        case filled(storedAt: Int64, RecordSpans)
    }

    /// Stores what a flight fetched; its token is the record's version.
    func fill(
        _ key: CacheKey, token: String, draft: RecordDraft, spans: RecordSpans, _ reply: @escaping (Result<FillAnswer, RedisError>) -> Void
    ) {
        let texts = [token] + [spans.fresh, spans.refresh, spans.stale, Self.declination(draft.freshness)].map { String($0) }
        let record = draft.record(version: token, storedAt: 0, spans: spans, purges: 0)
        let names =
            [keys.record(key), keys.flight(key), keys.horizon, keys.prefixPurges]
            + draft.tags.flatMap { [keys.tag($0), keys.tagPurge($0)] }
        client.submit(CacheScripts.fill, keys: names, arguments: Self.arguments(texts, record, draft.packed), idempotent: true) { result in
            reply(result.flatMap { Self.fillAnswer($0, from: "fill") })
        }
    }

    /// Stores an item of a collection, unless it was purged since that was asked for, or something newer is there.
    /// - Parameter spans: its life from now; those of the record do not count.
    func warm(_ key: CacheKey, record: CacheRecord, spans: RecordSpans, _ reply: @escaping (Result<FillAnswer, RedisError>) -> Void) {
        let texts = [record.purges, record.ageWhenStored, spans.fresh, spans.refresh, spans.stale].map { String($0) }
        let names =
            [keys.record(key), keys.purges, keys.purgeLog, keys.horizon, keys.prefixPurges]
            + record.tags.flatMap { [keys.tag($0), keys.tagPurge($0)] }
        client.submit(CacheScripts.warm, keys: names, arguments: Self.arguments(texts, record), idempotent: true) { result in
            reply(result.flatMap { Self.fillAnswer($0, from: "warm") })
        }
    }

    private static func arguments(_ texts: [String], _ record: CacheRecord, _ packed: PackedBody? = nil) -> CommandArguments {
        var arguments = CommandArguments(texts)
        for (name, value) in RecordFields.encoded(record, packed: packed) {
            arguments.append(name)
            arguments.append(value)
        }
        return arguments
    }

    private static func fillAnswer(_ value: RedisValue, from script: String) -> Result<FillAnswer, RedisError> {
        guard let elements = value.array else { return .failure(unexpected(value, from: script)) }
        if let first = elements.first {
            if first.isText("refused") { return .success(.refused) }
            if first.isText("kept") { return .success(.kept) }
        }
        let times = elements.dropFirst().compactMap(\.int64)
        guard times.count == 4 else { return .failure(unexpected(value, from: script)) }
        let spans = RecordSpans(fresh: times[1] - times[0], refresh: times[2] - times[0], stale: times[3] - times[0])
        return .success(.filled(storedAt: times[0], spans))
    }

    /// Keeps a flight; false when it is no longer ours, or overtaken by a write.
    func renew(_ key: CacheKey, token: String, _ reply: @escaping (Result<Bool, RedisError>) -> Void) {
        client.submit(
            CacheScripts.renew, keys: [keys.record(key), keys.flight(key), keys.prefixPurges],
            arguments: [token, String(lease)],
            idempotent: true
        ) { reply($0.map { $0.int64 == 1 }) }
    }

    /// Gives a flight back; without it the lease would end by itself.
    func abandon(_ key: CacheKey, token: String, _ reply: @escaping (Result<Bool, RedisError>) -> Void = { _ in }) {
        client.submit(
            CacheScripts.abandon, keys: [keys.record(key), keys.flight(key)], arguments: [token], idempotent: true
        ) { reply($0.map { $0.int64 == 1 }) }
    }

    /// For how long a key whose answer must not be kept, or only for failures, is fetched by everybody side by side, in milliseconds.
    private static let declination: Int64 = 5_000

    /// The same for one answer, should it be for failures only. One that has aged comes from a cache on its way, or was long on its way
    /// itself: the next may be fresh to all.
    private static func declination(_ freshness: Freshness) -> Int64 { freshness.age > 0 || freshness.fresh > 0 ? 1_000 : declination }

    /// Gives a flight back whose answer must not be kept, so that those who wait, and who come within some seconds, fetch for themselves. The
    /// record that the answer has taken the place of is deleted.
    func decline(_ key: CacheKey, token: String) {
        client.submit(
            CacheScripts.decline, keys: [keys.record(key), keys.flight(key), keys.prefixPurges],
            arguments: [token, String(Self.declination)], idempotent: true
        ) { _ in }
    }

    /// How many purges of records and tags are told apart by those who store items of collections.
    private static let purgeLimit = PurgeLog.limit

    /// Deletes a record and fences its flight; whether there was one.
    func purge(_ key: CacheKey) async throws(RedisError) -> Bool {
        let names = [keys.record(key), keys.flight(key), keys.purges, keys.purgeLog, keys.horizon]
        return try await client.run(CacheScripts.purge, keys: names, arguments: [String(Self.purgeLimit)], idempotent: true).int64 == 1
    }

    /// Deletes all records with a tag; which they were.
    func purge(tag: String) async throws(RedisError) -> [CacheKey] {
        let value = try await client.run(
            CacheScripts.purgeTag, keys: [keys.tag(tag), keys.tagPurge(tag), keys.purges, keys.horizon, keys.purgeLog],
            arguments: [tag, keys.recordPrefix, keys.flightPrefix, String(Self.purgeLimit)], idempotent: true)
        return (value.array ?? []).compactMap { $0.string.flatMap(keys.key(ofRecord:)) }
    }

    /// How many prefixes are told apart while records may live that are older than their purges.
    private static let prefixLimit = 512

    /// Purges all records whose keys have a prefix; the prefix that was purged, which is a shorter one when the log was full.
    func purge(_ prefix: KeyPrefix) async throws(RedisError) -> KeyPrefix {
        let arguments: CommandArguments = [keys.recordPrefix + prefix.text, keys.recordPrefix, String(Self.prefixLimit)]
        let value = try await client.run(
            CacheScripts.purgePrefix, keys: [keys.purges, keys.prefixPurges, keys.horizon], arguments: arguments, idempotent: true)
        return value.string.flatMap(keys.prefix(ofRecords:)) ?? .everything
    }

    private static func lookupAnswer(_ value: RedisValue, bodyLimit: Int) -> LookupAnswer? {
        guard let elements = value.array, elements.count == 6, let serverTime = elements[3].int64, let purges = elements[5].int64
        else { return nil }
        var found = LookupAnswer.Found.none
        if elements[0].isText("same") {
            found = .same
        } else if elements[0].isText("whole") {
            let flat = (elements[4].array ?? []).map { $0.bytes ?? [] }
            let fields = stride(from: 0, to: flat.count - 1, by: 2).map { (name: flat[$0], value: flat[$0 + 1]) }
            if let record = RecordFields.decoded(fields, bodyLimit: bodyLimit) { found = .whole(record) }
        }
        guard let flight = flightState(elements[1], remaining: elements[2]) else { return nil }
        return LookupAnswer(found: found, flight: flight, serverTime: serverTime, purges: purges)
    }

    private static func flightState(_ word: RedisValue, remaining: RedisValue) -> LookupAnswer.FlightState? {
        if word.isText("unneeded") { return .unneeded }
        if word.isText("taken") { return .taken }
        if word.isText("declined") { return .declined }
        return word.isText("held") ? .held(leaseMicroseconds: min(max(0, remaining.int64 ?? 0), 3_600_000) * 1_000) : nil
    }

    private static func unexpected(_ value: RedisValue, from script: String) -> RedisError {
        RedisError(
            .protocolError,
            "the cache's script \(script).lua answered \(value), which this version does not know; run one version in a pool.")
    }
}

extension RedisError {
    /// Whether the server could not be asked, or will answer again when it is ready: worth asking again.
    var isPassing: Bool {
        switch code {
        case .connectionLost, .notConnected, .timeout, .backPressure: true
        case .refused:
            ["LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "NOREPLICAS", "MISCONF"].contains {
                reply?.contains("\($0) ") ?? false
            }
        default: false
        }
    }
}
