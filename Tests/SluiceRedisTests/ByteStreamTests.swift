import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

/// The stream under the client.
@Suite(.timeLimit(.minutes(10))) struct ByteStreamTests {
    private enum Event: Sendable, Equatable {
        case opened
        case received(Int)
        case ended(String)
    }

    /// Opens a stream and collects what it tells until it has ended, or `done` says so.
    private func run(
        to destination: ByteStream.Destination, options: ByteStream.Options = .init(),
        _ react: @escaping @Sendable (ByteStream, Event) -> Bool = { _, _ in false }
    ) async -> [Event] {
        let loop = EventLoop(name: "stream-test")
        let log = Log()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute {
                let note: (Event) -> Void = { event in
                    log.events.append(event)
                    var isOver = log.stream.map { react($0, event) } ?? false
                    if case .ended = event { isOver = true }
                    if isOver && !log.isOver {
                        log.isOver = true
                        log.stream?.close()
                        log.stream = nil
                        continuation.resume()
                    }
                }
                let stream = ByteStream(
                    on: loop, to: destination, options: options,
                    events: .init(
                        opened: { note(.opened) }, received: { note(.received($0.count)) }, ended: { note(.ended($0.code)) }))
                log.stream = stream
                stream.open()
            }
        }
        await loop.shutDown()
        return log.events
    }

    // @unchecked Sendable: touched on the loop's thread, and after it has ended.
    private final class Log: @unchecked Sendable {
        var events: [Event] = []
        var stream: ByteStream?
        var isOver = false
    }

    @Test func `a port where nobody listens is refused`() async throws {
        #expect(await run(to: .tcp(host: "127.0.0.1", port: try FreePort.next())) == [.ended("ECONNREFUSED")])
    }

    @Test func `a name that does not exist says so`() async {
        let events = await run(to: .tcp(host: "does-not-exist.invalid", port: 1))
        guard case .ended(let code)? = events.first else {
            Issue.record("\(events)")
            return
        }
        // A host whose name server is out of reach learns it only by the time limit.
        #expect(code.hasPrefix("EAI_") || code == "ETIMEDOUT")
    }

    @Test func `a Unix socket that does not exist says so`() async {
        #expect(await run(to: .unix(path: "/nowhere/redis.sock")) == [.ended("ENOENT")])
    }

    @Test func `a peer that never answers the connect is given up in time`() async throws {
        let full = try LoopbackListener(answering: nil, backlog: 0)
        var options = ByteStream.Options()
        options.connectTimeout = .seconds(60)
        // One connection fills the kernel's queue; from then on it drops our attempts silently.
        let first = await run(to: .tcp(host: "127.0.0.1", port: full.port), options: options) { _, event in event == .opened }
        #expect(first == [.opened])
        options.connectTimeout = .milliseconds(300)
        var last: [Event] = []
        for _ in 0..<4 where last != [.ended("ETIMEDOUT")] {
            last = await run(to: .tcp(host: "127.0.0.1", port: full.port), options: options) { _, event in event == .opened }
        }
        #expect(last == [.ended("ETIMEDOUT")])
    }

    @Test func `the peer's end is told once, after its bytes`() async throws {
        let talker = try LoopbackListener(answering: "hello")
        let events = await run(to: .tcp(host: "127.0.0.1", port: talker.port)) { stream, event in
            if event == .opened {
                var bytes = Array("x".utf8)
                stream.write(draining: &bytes)
            }
            return false
        }
        #expect(events == [.opened, .received(5), .ended("EOF")])
    }

    @Test func `what the kernel does not take is queued, and a close drops it silently`() async throws {
        let mute = try LoopbackListener(answering: nil)
        let events = await run(to: .tcp(host: "127.0.0.1", port: mute.port)) { stream, event in
            guard event == .opened else { return false }
            var bytes = [UInt8](repeating: 1, count: 32 << 20)
            stream.write(draining: &bytes)
            #expect(bytes.isEmpty)
            #expect(stream.queuedBytes > 1 << 20)
            return true
        }
        #expect(events == [.opened])
    }

    @Test func `a loop that stops ends its streams`() async throws {
        let mute = try LoopbackListener(answering: nil)
        let loop = EventLoop(name: "stream-test")
        let ended = Mutex<String?>(nil)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute {
                ByteStream(
                    on: loop, to: .tcp(host: "127.0.0.1", port: mute.port), options: .init(),
                    events: .init(
                        opened: { continuation.resume() }, received: { _ in }, ended: { error in ended.withLock { $0 = error.code } })
                ).open()
            }
        }
        await loop.shutDown()
        #expect(ended.withLock { $0 } == "ECANCELED")
    }
}
