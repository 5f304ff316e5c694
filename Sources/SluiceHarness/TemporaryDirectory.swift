import Foundation
import Synchronization

/// A directory of one's own under the system's temporary directory, removed with everything in it by `remove()`, when released, or when the
/// process exits (not when a signal kills it).
package final class TemporaryDirectory: Sendable {
    /// The absolute path, short enough for a Unix socket inside (below 100 characters in `/tmp`).
    package let path: String

    /// Those that are there. What is still held when the process exits is never released.
    private static let existing = Mutex<Set<String>>([])
    private static let removesAtExit: Void = {
        atexit {
            for path in TemporaryDirectory.existing.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
        }
    }()

    /// Makes `<temporary directory>/sluice-<label>-XXXXXX`.
    package init(label: String) throws(HarnessError) {
        var base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        if base.count > 40 || !FileManager.default.isWritableFile(atPath: base) { base = "/tmp" }
        var template = Array("\(base)/sluice-\(label)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HarnessError("No temporary directory could be made in \(base): \(String(cString: strerror(errno)))")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.path = path
        Self.removesAtExit
        Self.existing.withLock { _ = $0.insert(path) }
    }

    /// The path of `name` inside.
    package func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes the directory; again is harmless.
    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
        Self.existing.withLock { _ = $0.remove(path) }
    }

    deinit { remove() }
}
