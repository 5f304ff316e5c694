import Glibc

/// What stands in a file, or comes out of a pipe.
enum FileBytes {
    /// The bytes at `path`, at most `limit`.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, a sentence that says why they cannot be read.
    static func read(_ path: String, limit: Int) throws(SluiceError) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(errno, path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < limit {
            let count = unsafe Glibc.read(file, &chunk, min(chunk.count, limit - bytes.count))
            if count == 0 { break }
            if count > 0 {
                bytes += chunk.prefix(count)
            } else if errno != EINTR {
                throw failure(errno, path)
            }
        }
        return bytes
    }

    private static func failure(_ fault: Int32, _ path: String) -> SluiceError {
        let reason = fault == ENOENT ? "there is no file at" : unsafe "\(String(cString: strerror(fault))):"
        return SluiceError(.invalidConfiguration, "\(reason) “\(path.excerpt)”; name a JSON file that this user may read")
    }
}
