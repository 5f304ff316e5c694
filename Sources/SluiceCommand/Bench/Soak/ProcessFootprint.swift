import Foundation

/// What a process takes of its host at one moment.
struct ProcessFootprint: Sendable {
    /// Memory of its own, in bytes: without files that it has mapped.
    var memory: Double
    /// Open file descriptors.
    var descriptors: Double

    /// Looks at a process.
    /// - Throws: `BenchError` when it is gone.
    init(of process: pid_t) throws(BenchError) {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd"),
            let kibibytes = status.firstMatch(of: /RssAnon:\s+(\d+) kB/).flatMap({ Double($0.1) })
        else { throw BenchError("process \(process), which is watched, has ended; see what it said above") }
        memory = kibibytes * 1_024
        descriptors = Double(files.count)
    }
}
