import Glibc
import SluiceHarness
import SluiceLoop
import Synchronization

/// Has SIGINT, SIGTERM and SIGHUP end this process with all that it has started, in the midst of whatever it does: status 1, and a sentence.
///
/// It happens on a thread of its own that waits for no work: a measurement may keep all others busy. A signal that this process was
/// started to ignore (`nohup`) stays ignored.
final class SignalledEnd: Sendable {
    /// The signal watches, which live on the loop's thread alone.
    private final class Watches {
        var open: [SignalWatch] = []
    }

    private let loop = EventLoop(name: "signals")
    private let hasCome = Atomic(false)

    /// Begins to listen; signals have lost their default action when this returns.
    /// - Parameter command: whose name begins the sentence, such as `sluice demo`.
    private init(_ command: String) async {
        await withCheckedContinuation { ready in
            loop.execute { [self] in
                let watches = Watches()
                watches.open = [SIGINT, SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }.map { number in
                    // The watches keep each other, and live as long as the loop.
                    SignalWatch(on: loop, signal: number) { [self] in withExtendedLifetime(watches) { end(command) } }
                }
                ready.resume()
            }
        }
    }

    /// Does some work that a signal ends together with the process.
    static func during<Value: Sendable>(_ command: String, _ work: () async throws -> Value) async throws -> Value {
        let watch = await SignalledEnd(command)
        let result: Result<Value, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        // What failed since its servers are gone is nobody's news: the process is about to end.
        while watch.hasCome.load(ordering: .acquiring) { try? await Task.sleep(for: .seconds(1)) }
        await watch.loop.shutDown()
        return try result.get()
    }

    private func end(_ command: String) {
        hasCome.store(true, ordering: .releasing)
        Belongings.endAll()
        DemoText.say("\(isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[2K" : "")\(command): interrupted; everything it had started is ended")
        // Not `exit`: other threads still run, and nothing of ours waits in a buffer.
        _exit(ExitStatus.failure.rawValue)
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
