import Foundation

/// Asks a Redis server, by a blocking connection of its own, whether it serves.
enum ReadinessProbe {
    /// True when the server at the address is the process `expected` and answers PING (it has loaded its data).
    static func serves(port: UInt16?, socketPath: String, password: String?, expected: pid_t) -> Bool {
        let family = port == nil ? AF_UNIX : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard connect(descriptor, port: port, socketPath: socketPath) else { return false }
        let question = (password.map { "*2\r\n$4\r\nAUTH\r\n$\($0.utf8.count)\r\n\($0)\r\n" } ?? "") + "INFO server\r\nPING\r\n"
        guard question.withCString({ send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }) > 0 else { return false }
        var answer = ""
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while !answer.hasSuffix("+PONG\r\n") {
            var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&readable, 1, 1_000) == 1 else { return false }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            answer += String(decoding: buffer[..<count], as: UTF8.self)
            if answer.contains("\n-") || answer.hasPrefix("-") { return false }
        }
        return answer.contains("process_id:\(expected)\r")
    }

    private static func connect(_ descriptor: Int32, port: UInt16?, socketPath: String) -> Bool {
        if let port {
            var address = LoopbackAddress.make(port)
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: socketPath.utf8.prefix(room.count - 1))
        }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
