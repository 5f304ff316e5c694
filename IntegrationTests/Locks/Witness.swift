import Foundation
import Synchronization

/// The resource that a lock protects, as a server on a loopback port: it sees from outside who is inside, and guards itself with the
/// fencing token, as a real resource should. A lease alone is no proof: a process that was frozen beyond its lease goes on when it wakes,
/// and only its token tells that it came too late. So the witness judges two things apart:
///
/// - a word with a token lower than one that was there before is refused (`fenced`), and has no effect;
/// - an entry while another is inside, whose holder was neither killed (its connection has ended) nor frozen by the test, is an *overlap*.
final class Witness: Sendable {
    /// What it saw.
    struct Record {
        /// Processes by number, as they said hello.
        var processes: Set<Int32> = []
        /// Who is inside: token by process.
        var inside: [Int32: Int64] = [:]
        /// Those that the test froze or killed: who enters while one of them is inside makes no overlap.
        var excused: Set<Int32> = []
        /// Those of the excused that run again; their excuse ends with their next word after an entry.
        var thawed: Set<Int32> = []
        var entries: [Int32: Int] = [:]
        var lastEntry = ContinuousClock.now
        var highestToken: Int64 = 0
        var fenced: [Int32: Int] = [:]
        var overlaps: [String] = []
        var most = 0

        var total: Int { entries.values.reduce(0, +) }
    }

    let port: UInt16
    private let permits: Int
    private let descriptor: Int32
    private let gate: Int
    private let state = Mutex(Record())

    /// - Parameters:
    ///   - permits: how many may be inside at once. With more than one tokens overtake each other, and are not guarded.
    ///   - gate: nobody's hello is answered until so many have come; later ones are at once.
    init(permits: Int = 1, gate: Int) throws {
        self.permits = permits
        self.gate = gate
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        descriptor = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) + listen(listener, 64) + getsockname(listener, $0, &size)
            }
        }
        guard status == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        port = address.sin_port.bigEndian
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    /// What was seen so far.
    var record: Record { state.withLock { $0 } }

    /// The process was killed or frozen.
    func excuse(_ process: Int32) { state.withLock { _ = $0.excused.insert(process) } }

    /// The process is about to run again.
    func thaw(_ process: Int32) { state.withLock { _ = $0.thawed.insert(process) } }

    /// Ends the service.
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        var process: Int32 = 0
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var line: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256)
        while true {
            let count = recv(connection, &piece, piece.count, 0)
            if count <= 0 { break }
            line += piece.prefix(count)
            guard line.last == UInt8(ascii: "\n") else { continue }
            let words = String(decoding: line.dropLast(), as: UTF8.self).split(separator: " ")
            line = []
            guard words.count == 2, let number = Int64(words[1]) else { break }
            let answer: String
            if words[0] == "hello" {
                process = Int32(number)
                state.withLock { _ = $0.processes.insert(process) }
                while state.withLock({ $0.processes.count < gate }) { usleep(1_000) }
                answer = "ok\n"
            } else {
                answer = hear(words[0] == "enter", number, from: process) ? "ok\n" : "fenced\n"
            }
            _ = answer.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        }
        // Of a killed process the kernel closes this: it is inside no more.
        state.withLock { $0.inside[process] = nil }
        Glibc.close(connection)
    }

    /// False: refused.
    private func hear(_ isEntry: Bool, _ token: Int64, from process: Int32) -> Bool {
        state.withLock { state in
            let isLate = token < state.highestToken && permits == 1
            if !isEntry { state.inside[process] = nil }
            // What it held when it froze is over now, and it knows.
            if !isEntry || isLate, state.thawed.remove(process) != nil { state.excused.remove(process) }
            if isLate {
                state.fenced[process, default: 0] += 1
                return false
            }
            guard isEntry else { return true }
            state.highestToken = max(state.highestToken, token)
            let others = state.inside.filter { $0.key != process && !state.excused.contains($0.key) }
            if others.count >= permits { state.overlaps.append("\(process) entered with \(token) while \(others) were inside") }
            state.inside[process] = token
            state.most = max(state.most, others.count + 1)
            state.entries[process, default: 0] += 1
            state.lastEntry = .now
            return true
        }
    }
}
