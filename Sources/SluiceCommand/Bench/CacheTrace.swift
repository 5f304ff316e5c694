import Foundation
import SluiceCache

/// A trace of requests to a cache: one key per line, plain or compressed by gzip.
struct CacheTrace: Sendable {
    /// The keys' hashes, in the order of the requests.
    var requests: [UInt64] = []
    /// How many different keys there are.
    var distinct: Int { Set(requests).count }

    /// Reads a file. Empty lines are no requests.
    /// - Throws: `UsageError` where there is no such file, or it is none of the two.
    init(path: String) throws(UsageError) {
        let bytes: Data
        do { bytes = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw UsageError("TRACE: “\(path)” cannot be read; give a file of one key per line, plain or .gz")
        }
        let text = bytes.starts(with: [0x1F, 0x8B]) ? try Self.decompressed(path) : bytes
        requests = text.split(separator: UInt8(ascii: "\n")).map { TraceReplay.hash(of: $0) }
        guard !requests.isEmpty else { throw UsageError("TRACE: “\(path)” has no requests; give a file of one key per line, plain or .gz") }
    }

    private static func decompressed(_ path: String) throws(UsageError) -> Data {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // By its own name and not by the pipe's: gzip then tells which file is broken.
        gzip.arguments = ["gzip", "-dc", "--", path]
        let output = Pipe()
        gzip.standardOutput = output
        do { try gzip.run() } catch { throw UsageError("TRACE: “\(path)” is compressed, and gzip did not start: \(error)") }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        guard gzip.terminationStatus == 0 else {
            throw UsageError("TRACE: “\(path)” could not be decompressed; gzip ended with status \(gzip.terminationStatus)")
        }
        return bytes
    }
}
