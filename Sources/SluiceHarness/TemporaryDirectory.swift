import Foundation

/// A directory of one's own under the system's temporary directory, removed with everything in it by `remove()`, when released, or when the
/// process exits (not when a signal kills it: `Belongings.endAll()` is for that).
package final class TemporaryDirectory: Sendable {
    /// The absolute path, short enough for a Unix socket inside (below 100 characters in `/tmp`).
    package let path: String

    /// Makes `<temporary directory>/sluice-<label>-XXXXXX`.
    package init(label: String) throws(HarnessError) {
        var base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        if base.count > 40 || !FileManager.default.isWritableFile(atPath: base) { base = "/tmp" }
        path = try Belongings.addDirectory { () throws(HarnessError) in
            var template = Array("\(base)/sluice-\(label)-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw HarnessError("No temporary directory could be made in \(base): \(String(cString: strerror(errno)))")
            }
            return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The path of `name` inside.
    package func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes the directory; again is harmless.
    package func remove() { Belongings.remove(directory: path) }

    deinit { remove() }
}
