import Glibc
import Synchronization

/// Where a command writes: results to standard output, everything else to standard error. Writes of several tasks do not mix.
///
/// When the reader of the output has gone away (a closed pipe), the process ends at once and quietly with status 0: nobody is
/// left who could want more. Any other failed write, a full disk for instance, ends it with status 1 and a sentence.
final class Console: Sendable {
    private let turn = Mutex(())
    private let output: Int32
    private let errors: Int32

    /// - Parameters: the descriptors to write to.
    init(output: Int32 = STDOUT_FILENO, errors: Int32 = STDERR_FILENO) {
        self.output = output
        self.errors = errors
    }

    /// Whether a person reads the output on a terminal.
    var outputIsTerminal: Bool { isatty(output) == 1 }
    /// Whether a person reads the errors on a terminal.
    var errorsAreTerminal: Bool { isatty(errors) == 1 }

    /// How many characters fit on a line of the terminal; nil when it is none or does not say.
    private var columns: Int? { Self.columns(of: output) }

    private static func columns(of terminal: Int32) -> Int? {
        var size = winsize()
        guard ioctl(terminal, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Shows a page in the place of the last one; lines that are too long for the terminal are cut.
    func redraw(_ page: String) {
        let width = columns ?? .max
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false).map { $0.prefix(width) + "\u{1B}[K\n" }
        // Home, then clear what is left of each line and below the last: a cleared screen would flicker.
        write(Array(("\u{1B}[H" + lines.joined() + "\u{1B}[J").utf8))
    }

    /// Shows a line in the place of the last one, among the errors; an empty one takes it away. Cut at the terminal's width, since a line
    /// that wraps could not be redrawn.
    func redrawLine(_ line: String) {
        let width = (Self.columns(of: errors) ?? 80) - 1
        turn.withLock { _ in _ = Self.write(Array(("\r\u{1B}[2K" + line.prefix(max(1, width))).utf8), to: errors) }
    }

    /// Writes a result and a line end.
    func print(_ text: String) { write(Array(text.utf8) + [UInt8(ascii: "\n")]) }

    /// Writes bytes of a result as they are.
    func write(_ bytes: [UInt8]) {
        turn.withLock { _ in
            guard let failure = Self.write(bytes, to: output) else { return }
            if failure != EPIPE {
                _ = Self.write(Array("sluice: standard output: \(String(cString: strerror(failure)))\n".utf8), to: errors)
            }
            // Not `exit`: other threads still run, and nothing of ours waits in a buffer.
            _exit(failure == EPIPE ? ExitStatus.success.rawValue : ExitStatus.failure.rawValue)
        }
    }

    /// Writes a message for a person and a line end. One that cannot be written is dropped.
    func error(_ text: String) {
        turn.withLock { _ in _ = Self.write(Array((text + "\n").utf8), to: errors) }
    }

    /// The number of the error that stopped it; nil when all was written.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                // Somebody else's setting: a descriptor that is shared with a shell may be non-blocking.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
