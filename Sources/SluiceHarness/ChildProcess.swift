import Foundation
import Synchronization

/// A process started by the harness: its output is kept, any signal can be sent to it, and it never outlives us.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Ending: Sendable, Hashable {
        /// It returned this status.
        case exited(Int32)
        /// This signal ended it.
        case signalled(Int32)
    }

    private struct State {
        var ending: Ending?
        var waiters: [CheckedContinuation<Ending, Never>] = []
    }

    /// The process id. It may belong to another process once `ending` is not nil; use `signal(_:)`, which knows.
    package let processIdentifier: Int32
    /// The command line, for messages.
    package let command: String
    private let outputFiles: TemporaryDirectory
    private let companion: Companion
    private let state = Mutex(State())

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: a path, or a name to look up in PATH.
    ///   - environment: added to this process's own; nil as a value takes a variable away.
    ///   - directory: its working directory; nil: ours.
    ///   - input: bytes for its standard input; nil: `/dev/null`.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:], directory: String? = nil,
        input: [UInt8]? = nil
    ) throws(HarnessError) {
        command = ([executable] + arguments).joined(separator: " ")
        outputFiles = try TemporaryDirectory(label: "out")
        let all = ProcessInfo.processInfo.environment.merging(environment.compactMapValues { $0 }) { _, new in new }
        var inputDescriptor: Int32?
        if let input {
            let path = outputFiles.path("in")
            guard FileManager.default.createFile(atPath: path, contents: Data(input)) else {
                throw HarnessError("The input of \(executable) could not be written to \(path)")
            }
            inputDescriptor = open(path, O_RDONLY | O_CLOEXEC)
        }
        defer { if let inputDescriptor { close(inputDescriptor) } }
        let files = outputFiles
        let (process, guardian) = try Belongings.addChild { () throws(HarnessError) in
            let process = try Spawn.start(
                executable, arguments, environment: all.filter { environment[$0.key] != .some(nil) }, directory: directory,
                descriptors: .init(input: inputDescriptor, outputPath: files.path("out"), errorPath: files.path("err")))
            do throws(HarnessError) {
                return (process, try Companion(guarding: process))
            } catch {
                Glibc.kill(process, SIGKILL)
                throw error
            }
        }
        processIdentifier = process
        companion = guardian
        // The thread must not keep `self` alive, or nobody would ever be the last to let go.
        let reaper = Thread { [weak self] in
            var information = siginfo_t()
            // WNOWAIT leaves the process id ours until the state says that it has ended; only then is it given back.
            while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
            if let self { self.reap() } else { _ = Self.collect(process) }
        }
        reaper.stackSize = 256 * 1024
        reaper.start()
    }

    deinit {
        companion.release()
        if state.withLock({ $0.ending == nil }) { Glibc.kill(processIdentifier, SIGKILL) }
    }

    /// How it ended; nil while it runs.
    package var ending: Ending? { state.withLock { $0.ending } }

    /// Sends a signal, unless it has ended already.
    package func signal(_ number: Int32) {
        state.withLock { if $0.ending == nil { Glibc.kill(processIdentifier, number) } }
    }

    /// Kills it (`SIGKILL`) and waits until it is gone.
    @discardableResult package func kill() async -> Ending {
        signal(SIGKILL)
        return await wait()
    }

    /// Asks it to end (`SIGTERM`), kills it after `grace`, and waits until it is gone.
    @discardableResult package func stop(grace: Duration = .seconds(5)) async -> Ending {
        signal(SIGTERM)
        signal(SIGCONT)
        let killer = Task {
            try await Task.sleep(for: grace)
            signal(SIGKILL)
        }
        defer { killer.cancel() }
        return await wait()
    }

    /// Waits until it has ended.
    @discardableResult package func wait() async -> Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.waiters.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    /// What it has written to standard output so far.
    package var standardOutput: String { contents("out") }

    /// What it has written to standard error so far.
    package var standardError: String { contents("err") }

    /// Waits until standard output or standard error contains `text`; throws when it ends before, or after `timeout`.
    package func waitForOutput(containing text: String, timeout: Duration = .seconds(30)) async throws {
        let limit = ContinuousClock.now + timeout
        while true {
            let ended = ending != nil
            if standardOutput.contains(text) || standardError.contains(text) { return }
            if ended || ContinuousClock.now > limit {
                throw HarnessError(
                    "\(command) \(ended ? "ended" : "ran on") without saying “\(text)”. Output: \(standardOutput) Errors: \(standardError)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Runs a program to its end and returns it, its output complete.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:], input: [UInt8]? = nil
    ) async throws(HarnessError) -> ChildProcess {
        let child = try ChildProcess(executable, arguments, environment: environment, input: input)
        await child.wait()
        return child
    }

    private func contents(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: outputFiles.path(name)) ?? Data(), as: UTF8.self)
    }

    private func reap() {
        companion.release()
        let waiters = state.withLock { state in
            state.ending = Self.collect(processIdentifier)
            defer { state.waiters = [] }
            return (state.ending!, state.waiters)
        }
        for waiter in waiters.1 { waiter.resume(returning: waiters.0) }
    }

    private static func collect(_ process: pid_t) -> Ending {
        Belongings.remove(child: process)
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 && errno == EINTR {}
        return status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
    }
}
