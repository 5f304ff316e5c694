import SluiceLoop

/// Asks sentinels, one after the other, where the master is; the first that knows decides. Confined to the loop's thread.
///
/// Each has its share of the time, so that one that is silent does not use up all of it (Redis documentation, “Guidelines for Redis
/// clients with support for Redis Sentinel”).
final class SentinelLookup {
    private let loop: EventLoop
    private let sentinels: Sentinels
    private let share: Duration
    private var found: ((Result<ByteStream.Destination, RedisError>) -> Void)?
    private var index = 0
    private var stream: ByteStream?
    private var reader = RedisReader(maximumReply: 1 << 16)
    private var timer: LoopTimer?
    private var complaints: [String] = []

    /// - Parameters:
    ///   - patience: the time for all of them together.
    ///   - found: called once, unless `close()` comes before.
    init(
        on loop: EventLoop, _ sentinels: Sentinels, patience: Duration,
        found: @escaping (Result<ByteStream.Destination, RedisError>) -> Void
    ) {
        self.loop = loop
        self.sentinels = sentinels
        // One share is left for the master itself.
        share = patience / (sentinels.addresses.count + 1)
        self.found = found
    }

    /// Begins; call it once.
    func start() {
        timer = LoopTimer(on: loop) { [weak self] in self?.next("does not answer in time") }
        ask()
    }

    /// Ends it, silently; again is harmless.
    func close() {
        found = nil
        timer?.close()
        timer = nil
        stream?.close()
        stream = nil
    }

    private func ask() {
        var options = ByteStream.Options()
        options.connectTimeout = share
        options.unacknowledgedTimeout = share
        reader = RedisReader(maximumReply: 1 << 16)
        let stream = ByteStream(
            on: loop, to: sentinels.addresses[index], options: options,
            events: .init(
                opened: { [weak self] in self?.opened() }, received: { [weak self] bytes in self?.receive(bytes) },
                ended: { [weak self] error in self?.next(error.message) }))
        self.stream = stream
        timer?.schedule(at: Instant.now.advanced(by: share))
        stream.open()
    }

    private func opened() {
        var encoder = CommandEncoder()
        encoder.append(command: ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinels.master])
        stream?.write(draining: &encoder.bytes)
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        do throws(RedisError) {
            try reader.feed(bytes)
            if let reply = try reader.next() { judge(reply) }
        } catch {
            next(error.message)
        }
    }

    private func judge(_ reply: RedisValue) {
        switch reply {
        case .array(let parts) where parts.count == 2:
            guard let host = parts[0].string, let port = parts[1].string.flatMap({ UInt16($0) }), !host.isEmpty, port > 0 else {
                return next("answers \(reply)")
            }
            let found = found
            close()
            found?(.success(.tcp(host: host, port: port)))
        case .null: next("does not know “\(sentinels.master)”")
        case .error(let text): next("refuses: \(text)")
        default: next("answers \(reply)")
        }
    }

    private func next(_ complaint: String) {
        complaints.append("\(sentinels.addresses[index]) \(complaint)")
        stream?.close()
        stream = nil
        index += 1
        if index < sentinels.addresses.count { return ask() }
        let found = found
        close()
        found?(
            .failure(
                RedisError(
                    .notConnected,
                    "No sentinel says where the master “\(sentinels.master)” is: \(complaints.joined(separator: "; ")). Check the addresses and the name in the Redis URL."
                )))
    }
}
