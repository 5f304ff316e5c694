import Glibc

/// What the system calls this host and this process.
enum HostName {
    /// The host's name, without its domain; `host` when it has none.
    static let current: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "host" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(String(decoding: bytes, as: UTF8.self).prefix { $0 != "." })
    }()

    /// This process's number.
    static var processID: Int32 { getpid() }
}
