import Glibc
import SluiceCache
import SluiceHTTP
import SluiceLoop
import SluiceRandom
import SluiceRedis

/// One process with the cache's two tiers, which reads and purges at random and writes down what it saw; for tests.
///
/// What it may have to serve it learns by messages on the very connection that brings invalidations, so that a message says
/// that the invalidations before it have been heard. Each read is written as a line, with the oldest version that it might have
/// got; whether that is right is for others to say.
actor CacheWorker {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    static let channel = "versions"

    let loop: EventLoop
    let options: CacheWorkerOptions
    let client: RedisClient
    let cache: ResponseCache
    let origin: Origin
    /// The oldest version of each path that may be served from now on.
    private var required: [String: Int] = [:]
    private var isConnected = false
    private var losses = 0
    /// What may be required once the message of this name has been heard.
    private var syncs: [String: [String: Int]] = [:]
    private var lastSync = 0
    private var subscriber: RedisSubscriber?

    static func main(_ arguments: [String]) async -> Int32 {
        do {
            let worker = try CacheWorker(try CacheWorkerOptions(arguments))
            try await worker.run()
            return 0
        } catch {
            say("error \(error)")
            return 1
        }
    }

    init(_ options: CacheWorkerOptions) throws {
        self.options = options
        loop = EventLoop(name: "worker")
        client = RedisClient(endpoint: try RedisEndpoint(url: options.redis), loop: loop)
        var cacheOptions = CacheOptions()
        cacheOptions.flightLease = .seconds(1)
        cacheOptions.holder = "worker-\(options.seed)"
        cache = ResponseCache(loop: loop, redis: client, prefix: "sluice:{coherence}:", options: cacheOptions)
        origin = Origin(url: options.origin, http: try HTTPClient(loop: loop))
    }

    private func run() async throws {
        let subscriber = RedisSubscriber(
            endpoint: try RedisEndpoint(url: options.redis), loop: loop, trackingPrefix: cache.trackedPrefix
        ) { [weak self] event in self?.assumeIsolated { $0.heard(event) } }
        self.subscriber = subscriber
        let origin = origin
        await cache.refreshes { key, need in
            // Now and then there is no slot to spare.
            if UInt8.random(in: 0...9) < 3 { throw NoSpareSlot() }
            return try await origin.fetch(key, need)
        }
        await client.start()
        await subscriber.start()
        try await subscriber.subscribe([Self.channel])
        Self.say("ready")
        await withTaskGroup(of: Void.self) { group in
            for reader in 0..<options.readers {
                group.addTask { await self.readAlways(SeededGenerator(seed: self.options.seed << 8 | UInt64(reader))) }
            }
        }
        try await readAtLast()
        await cache.shutDown()
        await subscriber.shutDown()
        await client.shutDown()
        await origin.http.shutDown()
        await loop.shutDown()
    }

    // MARK: Hearing

    private func heard(_ event: RedisSubscriber.Event) {
        switch event {
        case .connected:
            isConnected = true
            cache.assumeIsolated { $0.connectionRestored() }
            // Whatever was said meanwhile was not heard.
            Task { await self.catchUp() }
        case .disconnected:
            isConnected = false
            losses += 1
            if options.fault != .trusting { cache.assumeIsolated { $0.connectionLost() } }
        case .invalidated(let keys):
            if options.fault != .deaf { cache.assumeIsolated { $0.invalidated(keys: keys) } }
        case .message(let channel, let payload):
            guard channel == Self.channel else { return }
            let text = String(decoding: payload, as: UTF8.self)
            if text.hasPrefix("sync ") {
                if let versions = syncs.removeValue(forKey: text) { require(versions) }
            } else {
                require(VersionLine.versions(text))
            }
        }
    }

    private func require(_ versions: [String: Int]) { required.merge(versions) { max($0, $1) } }

    /// Learns what may be served, once all that was said before has been heard.
    private func catchUp() async {
        guard let versions = try? await origin.required() else { return }
        lastSync += 1
        let name = "sync \(options.seed) \(lastSync)"
        syncs[name] = versions
        _ = try? await client.command("PUBLISH", Self.channel, name)
    }

    /// A wait came to nothing: something else is broken than what is looked for.
    private struct Unheard: Error {}

    // MARK: Reading and purging

    private func readAlways(_ generator: SeededGenerator) async {
        var random = generator
        while Instant.now < options.until {
            if Int.random(in: 0..<150, using: &random) == 0 { await purge(&random) }
            await read(Paths.path(Int.random(in: 0..<options.keys, using: &random)), "read")
            try? await loop.sleep(until: Instant.now.advanced(byMicroseconds: Int64.random(in: 0...4_000, using: &random)))
        }
    }

    /// Line: `read PATH VERSION REQUIRED BEGAN ENDED SOURCE STALE LOST TROUBLED`, where a source `confirmed` is memory after a look at Redis;
    /// or `failed PATH BEGAN ENDED WHY`.
    private func read(_ path: String, _ word: String) async {
        guard let key = try? CacheKey(target: path) else { return }
        let began = Instant.now
        let oldest = required[path] ?? 0
        let (wasLost, lossesBefore) = (!isConnected, losses)
        let wasCut = await !client.isConnected
        do {
            let answer: CacheAnswer
            // Without a word to Redis; else what memory holds was compared with what Redis has.
            let hit = cache.memoryHit(for: key)
            if let hit {
                answer = hit
            } else {
                let origin = origin
                answer = try await cache.answer(for: key, deadline: began.advanced(by: .seconds(10))) { try await origin.fetch(key, $0) }
            }
            let isLost = wasLost && !isConnected && losses == lossesBefore
            let isCut = await !client.isConnected
            let isTroubled = wasLost || wasCut || isCut || !isConnected || losses != lossesBefore
            let source =
                switch answer.source {
                case .memory: hit == nil ? "confirmed" : "memory"
                case .redis: "redis"
                case .mirror: "mirror"
                }
            Self.say(
                "\(word) \(path) \(String(decoding: answer.record.body, as: UTF8.self)) \(oldest) \(began.microseconds) \(Instant.now.microseconds) \(source) \(answer.stale ? 1 : 0) \(isLost ? 1 : 0) \(isTroubled ? 1 : 0)"
            )
        } catch {
            Self.say("failed \(path) \(began.microseconds) \(Instant.now.microseconds) \(error)")
        }
    }

    /// Changes some answers, makes all processes forget them, and says so.
    private func purge(_ random: inout SeededGenerator) async {
        let all = (0..<options.keys).map(Paths.path)
        let one = Int.random(in: 0..<options.keys, using: &random)
        let kind = Int.random(in: 0..<10, using: &random)
        let changed: [String]
        switch kind {
        case 0: changed = all
        case 1...2: changed = all.indices.filter { Paths.tag($0) == Paths.tag(one) }.map { all[$0] }
        case 3...4: changed = all.indices.filter { Paths.folder($0) == Paths.folder(one) }.map { all[$0] }
        default: changed = [all[one]]
        }
        do {
            let versions = try await origin.change(changed)
            switch kind {
            case 0: try await cache.purge(.everything)
            case 1...2: try await cache.purge(tag: Paths.tag(one))
            case 3...4: try await cache.purge(try KeyPrefix(path: Paths.folder(one)))
            default: try await cache.purge(try CacheKey(target: all[one]))
            }
            try await origin.require(versions)
            _ = try await client.command("PUBLISH", Self.channel, VersionLine.text(versions))
            Self.say("purged \(changed.count)")
        } catch {
            // Redis was out of reach: nobody is told, and nothing is required.
            Self.say("unpurged \(error)")
        }
    }

    /// When all is quiet: once more each, after everything that was said has been heard.
    private func readAtLast() async throws {
        let patience = Instant.now.advanced(by: .seconds(20))
        while !isConnected, Instant.now < patience { try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 20_000)) }
        // The others are still at it for a moment: what they say then is heard by this. And in the quiet something is refreshed ahead, if
        // it was not before, since nobody forgets it.
        let quiet = options.until.advanced(byMicroseconds: 1_000_000)
        while Instant.now < quiet || (cache.statistics.refreshes == 0 && Instant.now < quiet.advanced(byMicroseconds: 10_000_000)) {
            for number in 0..<options.keys { await read(Paths.path(number), "read") }
            try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 10_000))
        }
        let versions = try await origin.required()
        lastSync += 1
        let name = "sync \(options.seed) \(lastSync)"
        syncs[name] = versions
        // A message that was lost with a connection is said again.
        for _ in 0..<40 where syncs[name] != nil {
            _ = try? await client.command("PUBLISH", Self.channel, name)
            let enough = Instant.now.advanced(byMicroseconds: 1_000_000)
            while syncs[name] != nil, Instant.now < enough { try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 5_000)) }
        }
        guard syncs[name] == nil else { throw Unheard() }
        for number in 0..<options.keys { await read(Paths.path(number), "last") }
        let statistics = cache.statistics
        Self.say("statistics refreshes \(statistics.refreshes) refused \(statistics.fillsRefused) fetches \(statistics.fetches)")
    }

    /// Writes a whole line, at once.
    static func say(_ text: String) {
        let bytes = Array((text.replacing("\n", with: " ") + "\n").utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
            if count < 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
