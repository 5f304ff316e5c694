import SluiceHarness
import SluiceRandom
import SluiceRedis

@testable import SluiceCache

/// The scripts and their model side by side.
///
/// Time is real, and the server's clock is set ahead and back by multiples of 100 s, while all spans are 50 s off those: so no
/// end of a span comes near to a call, however slow the machine is.
struct FlightPair {
    private let server: RedisServer
    private let client: RedisClient
    private let signals: Signals
    private let keys = RedisKeys(prefix: "sluice:{t}:")
    private var random: SeededGenerator
    private let run: String
    private var model = FlightLedger()
    private var ahead: Int64 = 0
    private var calls = 0
    private var tokens: [String] = ["none"]
    /// Records that callers remember.
    private var known: [CacheKey: FlightLedger.Record] = [:]
    /// Who last took each flight.
    private var holders: [CacheKey: String] = [:]
    /// The last call, for a message.
    private(set) var last = ""
    /// How often each kind of reply came.
    private(set) var seen: [String: Int] = [:]

    init(seed: UInt64, server: RedisServer, process: CacheProcess) {
        random = SeededGenerator(seed: seed)
        run = String(seed)
        self.server = server
        client = process.client
        signals = process.signals
    }

    private let names = [CacheKey(normal: "/posts/1"), CacheKey(normal: "/posts/2")]

    private mutating func happens(_ share: Int) -> Bool { Int.random(in: 0..<100, using: &random) < share }

    /// A span in milliseconds, 50 s off a multiple of 100 s.
    private mutating func span(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) * 100_000 + 50_000 }

    /// One call to both; what differed, or nil.
    mutating func step() async throws -> String? {
        calls += 1
        if happens(10) { try await moveClock() }
        for key in names { _ = try await client.command("EXISTS", keys.record(key), keys.flight(key)) }
        model.expire(at: try await now())
        let before = try await heard()
        let key = names.randomElement(using: &random)!
        let (replied, expected, isInvalidated) = try await call(key)
        let after = try await heard()
        let wasTold = after[keys.record(key), default: 0] > before[keys.record(key), default: 0]
        if isInvalidated { seen["touched", default: 0] += 1 }
        last += ": Redis \(replied), model \(expected); told \(wasTold), model \(isInvalidated)"
        return replied == expected && wasTold == isInvalidated ? nil : last
    }

    /// What invalidations came by now.
    private mutating func heard() async throws -> [String: Int] {
        calls += 1
        let marker = keys.recordPrefix + "marker-\(run)-\(calls)"
        _ = try await client.command("SET", marker, "", "PX", "100000000")
        await signals.wait { $0.keys[marker] != nil }
        return signals.heard.keys
    }

    private mutating func moveClock() async throws {
        ahead += [100, 100, 200, 400, 900, 3_600, -100, -600, -3_600].randomElement(using: &random)!
        try await server.stepClock(by: .seconds(ahead))
    }

    /// The server's time in milliseconds, a moment ago.
    private func now() async throws -> Int64 {
        let time = try await client.command("TIME").array ?? []
        return (Int64(time.first?.string ?? "") ?? 0) * 1_000 + (Int64(time.last?.string ?? "") ?? 0) / 1_000
    }

    private mutating func token(of key: CacheKey) -> String {
        if happens(50), let holder = holders[key] { return holder }
        if happens(20), let recent = tokens.suffix(3).randomElement(using: &random) { return recent }
        tokens.append("\(run)-\(tokens.count)")
        return tokens[tokens.count - 1]
    }

    // MARK: Calls

    private mutating func call(_ key: CacheKey) async throws -> (replied: String, expected: String, isInvalidated: Bool) {
        let now = try await now()
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45: return try await lookUp(key, now)
        case 45..<65: return try await fill(key, now)
        case 65..<78:
            let (token, lease) = (token(of: key), span(0...3))
            last = "renew \(key.text) \(token) \(lease)"
            let reply = try await run(CacheScripts.renew, [keys.record(key), keys.flight(key), keys.prefixPurges], token, "\(lease)")
            let expected = model.renew(key.text, token: token, lease: lease, at: now)
            seen[expected.isValid ? "renewed" : "lost", default: 0] += 1
            return (reply, expected.isValid ? "1" : "0", expected.isInvalidated)
        case 78..<84:
            let token = token(of: key)
            last = "abandon \(key.text) \(token)"
            let reply = try await run(CacheScripts.abandon, [keys.record(key), keys.flight(key)], token)
            let expected = model.abandon(key.text, token: token, at: now)
            return (reply, expected.wasHeld ? "1" : "0", expected.isInvalidated)
        case 84..<90:
            let (token, length) = (token(of: key), span(0...3))
            last = "decline \(key.text) \(token) \(length)"
            let reply = try await run(CacheScripts.decline, [keys.record(key), keys.flight(key), keys.prefixPurges], token, "\(length)")
            let expected = model.decline(key.text, token: token, for: length, at: now)
            return (reply, expected.wasHeld ? "1" : "0", expected.isInvalidated)
        case 90..<94:
            last = "purge \(key.text)"
            let reply = try await run(
                CacheScripts.purge, [keys.record(key), keys.flight(key), keys.purges, keys.purgeLog, keys.horizon], "2")
            let expected = model.purge(key.text, at: now)
            return (reply, expected.hadRecord ? "1" : "0", expected.isInvalidated)
        case 94..<95:
            last = "the count of purges is lost"
            _ = try await client.command("DEL", keys.purges)
            model.forgetPurges()
            return ("", "", false)
        default: return try await write(key, now)
        }
    }

    private mutating func lookUp(_ key: CacheKey, _ now: Int64) async throws -> (String, String, Bool) {
        let (token, lease) = (token(of: key), span(0...3))
        let mode = happens(70) ? FlightLedger.Mode.take : .allCases.randomElement(using: &random)!
        let known = happens(50) ? known[key] : nil
        let maxAge = happens(30) ? span(0...6) : nil
        last = "lookup \(key.text) \(token) \(lease) \(mode) max age \(maxAge ?? -1) known \(known?.version ?? "")"
        let digest = known.map { ContentDigest.of(Self.cacheRecord($0.version, $0.content, $0)) } ?? ""
        let reply = try await client.run(
            CacheScripts.lookup, keys: [keys.record(key), keys.flight(key), keys.purges, keys.prefixPurges],
            arguments: [token, "\(lease)", "node", mode.rawValue, known?.version ?? "", digest, maxAge.map { String($0) } ?? ""])
        let parts = reply.array ?? []
        let (expected, isInvalidated) = model.lookUp(
            key.text, token: token, lease: lease, mode: mode, known: known, maxAge: maxAge, at: now)
        var replied = [parts[0].string ?? "", parts[1].string ?? "", parts[5].string ?? ""]
        var said: [String]
        switch expected.record {
        case .none: said = ["none"]
        case .same: said = ["same"]
        case .whole(let record):
            said = ["whole"]
            self.known[key] = record
            let fields = (parts[4].array ?? []).compactMap(\.string)
            replied += ["version", "body", "stored_ms", "fresh_until_ms", "stale_until_ms"].map { name in
                fields.firstIndex(of: name).map { fields[$0 + 1] } ?? "nothing"
            }
        }
        switch expected.flight {
        case .unneeded: said.append("unneeded")
        case .declined: said.append("declined")
        case .taken(let left), .held(let left):
            if case .held = expected.flight { said.append("held") } else { said.append("taken") }
            if expected.isNew { holders[key] = token }
            // Time went on between our asking for it and the call.
            let difference = (parts[2].int64 ?? 0) - left
            if abs(difference) > Self.slowness { said.append("lease \(left), not \(parts[2].int64 ?? 0)") }
        }
        seen[said[1], default: 0] += 1
        said.append("\(expected.purges)")
        if case .whole(let record) = expected.record {
            said += [record.version, record.content, "\(record.storedAt)", "\(record.freshUntil)", "\(record.staleUntil)"]
        }
        return (replied.joined(separator: " "), said.joined(separator: " "), isInvalidated)
    }

    /// No end of a span is nearer to a call than this, in ms.
    private static let slowness: Int64 = 20_000

    private mutating func fill(_ key: CacheKey, _ now: Int64) async throws -> (String, String, Bool) {
        let (token, content) = (token(of: key), "body \(calls)")
        let fresh = happens(40) ? -50_000 : span(0...6)
        let refresh = fresh + Int64.random(in: 0...(fresh < 0 ? 1 : 4), using: &random) * 100_000
        let stale = refresh + Int64.random(in: (refresh < 0 ? 1 : 0)...4, using: &random) * 100_000
        let declination = span(0...3)
        last = "fill \(key.text) \(token) \(fresh) \(refresh) \(stale), declined for \(declination)"
        let reply = try await client.run(
            CacheScripts.fill, keys: [keys.record(key), keys.flight(key), keys.horizon, keys.prefixPurges],
            arguments: CommandArguments(
                [token, "\(fresh)", "\(refresh)", "\(stale)", "\(declination)"]
                    + RecordFields.encoded(Self.cacheRecord(token, content)).flatMap { [$0.0, String(decoding: $0.1, as: UTF8.self)] }))
        let times = (reply.array ?? []).dropFirst().compactMap(\.int64)
        // It tells when it was: the model takes the same moment.
        let at = times.first ?? now
        let isRepeated = abs(at - now) > Self.slowness
        let (stored, isInvalidated) = model.fill(
            key.text, token: token, content: content, fresh: fresh, refresh: refresh, stale: stale, declination: declination,
            at: isRepeated ? now : at)
        seen[stored == nil ? "refused" : refresh > 0 ? "filled" : "filled for failures", default: 0] += 1
        let replied = ([reply.array?.first?.string ?? ""] + times.map(String.init)).joined(separator: " ")
        let expected = stored.map { "filled \($0.storedAt) \($0.freshUntil) \($0.refreshUntil) \($0.staleUntil)" } ?? "refused"
        return (replied, expected, isInvalidated)
    }

    private mutating func write(_ key: CacheKey, _ now: Int64) async throws -> (String, String, Bool) {
        let content = happens(50) ? "by hand \(calls)" : nil
        last = "write \(key.text) \(content ?? "nothing")"
        let isThere = try await client.command("EXISTS", keys.record(key)).int64 == 1
        if isThere, let content { _ = try await client.command("HSET", keys.record(key), "body", content) }
        if isThere, content == nil { _ = try await client.command("DEL", keys.record(key)) }
        let expected = model.write(key.text, content: content, at: now)
        return (isThere ? "1" : "0", expected.wasThere ? "1" : "0", expected.isInvalidated)
    }

    private static func cacheRecord(_ version: String, _ content: String, _ times: FlightLedger.Record? = nil) -> CacheRecord {
        CacheRecord(
            version: version, status: 200, mirror: "m", headers: [], body: Array(content.utf8), storedAt: times?.storedAt ?? 0,
            freshUntil: times?.freshUntil ?? 0, refreshUntil: times?.refreshUntil ?? 0, staleUntil: times?.staleUntil ?? 0)
    }

    private func run(_ script: RedisScript, _ names: [String], _ arguments: String...) async throws -> String {
        try await client.run(script, keys: names, arguments: CommandArguments(arguments)).int64.map(String.init) ?? "nothing"
    }
}
