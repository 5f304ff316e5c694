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

    /// Whether commands can be sent now.
    var isConnected: Bool { client.assumeIsolated { $0.isConnected } }

    /// Reads a record and takes the flight if there is none fresh.
    /// - Parameter known: a record that the caller has: it is not sent again if Redis has the same.
    func lookUp(
        _ key: CacheKey, token: String, known: CacheRecord?, isForced: Bool = false,
        _ reply: @escaping (Result<LookupAnswer, RedisError>) -> Void
    ) {
        let comparable = known.flatMap { $0.body.count <= ContentDigest.bodyLimit ? $0 : nil }
        let arguments = [
            token, String(lease), holder, isForced ? "force" : "take", comparable?.version ?? "", comparable.map(ContentDigest.of) ?? "",
        ]
        client.submit(
            CacheScripts.lookup, keys: [keys.record(key), keys.flight(key), keys.tagPurges], arguments: arguments.map { Array($0.utf8) }
        ) { result in
            switch result {
            case .failure(let error): reply(.failure(error))
            case .success(let value):
                guard let answer = Self.lookupAnswer(value) else { return reply(.failure(Self.unexpected(value, from: "lookup"))) }
                if case .none = answer.found, answer.flight == .unneeded, !isForced {
                    // It says that it is fresh, yet cannot be read: fetch it anew.
                    return lookUp(key, token: token, known: nil, isForced: true, reply)
                }
                reply(.success(answer))
            }
        }
    }

    /// What came of a fill: the stored record's times, or a refusal.
    enum FillAnswer: Sendable, Hashable {
        case refused
        case filled(storedAt: Int64, RecordSpans)
    }

    /// Stores a record under a flight, or without one (`token` nil, then `version` names the record).
    func fill(
        _ key: CacheKey, version: String, isFlight: Bool, draft: RecordDraft, spans: RecordSpans,
        _ reply: @escaping (Result<FillAnswer, RedisError>) -> Void
    ) {
        var arguments: [[UInt8]] = [isFlight ? version : "", String(spans.fresh), String(spans.refresh), String(spans.stale)].map {
            Array($0.utf8)
        }
        for (name, value) in RecordFields.encoded(draft.record(version: version, storedAt: 0, spans: spans)) {
            arguments.append(Array(name.utf8))
            arguments.append(value)
        }
        let names = [keys.record(key), keys.flight(key)] + draft.tags.flatMap { [keys.tag($0), keys.tagPurge($0)] }
        client.submit(CacheScripts.fill, keys: names, arguments: arguments, idempotent: true) { result in
            reply(
                result.flatMap { value in
                    guard let elements = value.array else { return .failure(Self.unexpected(value, from: "fill")) }
                    if elements.first?.string == "refused" { return .success(.refused) }
                    let times = elements.dropFirst().compactMap(\.int64)
                    guard times.count == 4 else { return .failure(Self.unexpected(value, from: "fill")) }
                    let spans = RecordSpans(fresh: times[1] - times[0], refresh: times[2] - times[0], stale: times[3] - times[0])
                    return .success(.filled(storedAt: times[0], spans))
                })
        }
    }

    /// Keeps a flight; false when it is no longer ours, or overtaken by a write.
    func renew(_ key: CacheKey, token: String, _ reply: @escaping (Result<Bool, RedisError>) -> Void) {
        client.submit(
            CacheScripts.renew, keys: [keys.record(key), keys.flight(key)], arguments: [Array(token.utf8), Array(String(lease).utf8)],
            idempotent: true
        ) { reply($0.map { $0.int64 == 1 }) }
    }

    /// Gives a flight back; without it the lease would end by itself.
    func abandon(_ key: CacheKey, token: String, _ reply: @escaping (Result<Bool, RedisError>) -> Void = { _ in }) {
        client.submit(
            CacheScripts.abandon, keys: [keys.record(key), keys.flight(key)], arguments: [Array(token.utf8)], idempotent: true
        ) { reply($0.map { $0.int64 == 1 }) }
    }

    /// Deletes a record and fences its flight; whether there was one.
    func purge(_ key: CacheKey) async throws(RedisError) -> Bool {
        try await client.run(CacheScripts.purge, keys: [keys.record(key), keys.flight(key)], arguments: [], idempotent: true).int64 == 1
    }

    /// Deletes all records with a tag; which they were.
    func purge(tag: String) async throws(RedisError) -> [CacheKey] {
        let value = try await client.run(
            CacheScripts.purgeTag, keys: [keys.tag(tag), keys.tagPurge(tag), keys.tagPurges],
            arguments: [tag, keys.recordPrefix, keys.flightPrefix].map { Array($0.utf8) }, idempotent: true)
        return (value.array ?? []).compactMap { $0.string.flatMap(keys.key(ofRecord:)) }
    }

    private static func lookupAnswer(_ value: RedisValue) -> LookupAnswer? {
        guard let elements = value.array, elements.count == 5, let serverTime = elements[3].int64 else { return nil }
        let found: LookupAnswer.Found
        switch elements[0].string {
        case "same": found = .same
        case "whole":
            let flat = (elements[4].array ?? []).map { $0.bytes ?? [] }
            let fields = stride(from: 0, to: flat.count - 1, by: 2).map { (name: flat[$0], value: flat[$0 + 1]) }
            found = RecordFields.decoded(fields).map { .whole($0) } ?? .none
        default: found = .none
        }
        switch elements[1].string {
        case "unneeded": return LookupAnswer(found: found, flight: .unneeded, serverTime: serverTime)
        case "taken": return LookupAnswer(found: found, flight: .taken, serverTime: serverTime)
        case "held":
            let lease = min(max(0, elements[2].int64 ?? 0), 3_600_000)
            return LookupAnswer(found: found, flight: .held(leaseMicroseconds: lease * 1_000), serverTime: serverTime)
        default: return nil
        }
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
        case .refused: ["LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY"].contains(replyCode.map(String.init) ?? "")
        default: false
        }
    }
}
