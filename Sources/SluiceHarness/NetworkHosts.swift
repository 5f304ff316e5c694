import Foundation

/// Hosts of our own on this machine: network namespaces, each joined by a wire of its own to where we are, from where servers are
/// reached at two addresses, one of which a host can be cut off from. Needs root and `ip` (Debian: iproute2).
///
/// Processes of a host are started with `launcher(_:)` before their command. `close()` takes all of it away.
package final class NetworkHosts: Sendable {
    /// Why there can be no hosts here; nil: there can.
    package static var obstacle: String? {
        if getuid() != 0 { return "network namespaces need root" }
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/sbin").split(separator: ":") + ["/usr/sbin", "/sbin"]
        guard paths.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/ip") }) else {
            return "there is no ip; install Debian's iproute2"
        }
        let name = "sluice-probe-\(getpid())"
        guard (try? run(["netns", "add", name])) != nil else { return "this machine lets nobody make a network namespace" }
        try? run(["netns", "delete", name])
        return nil
    }

    /// The address that hosts can be cut off from.
    package let severable: String
    /// The address that stays within reach of all.
    package let steady: String
    private let count: Int
    private let network: String
    private let tag: String

    /// Makes so many hosts, 1 to 8.
    package init(_ count: Int) throws(HarnessError) {
        precondition((1...8).contains(count))
        self.count = count
        let number = Int.random(in: 0..<65_536)
        // A private network that other tests on this machine hardly have at the same time.
        network = "10.\(64 + number >> 8 & 0x7F).\(number & 0xFF)"
        tag = "sl\(String(number, radix: 16))"
        severable = "\(network).1"
        steady = "\(network).2"
        do throws(HarnessError) {
            for host in 0..<count { try make(host) }
        } catch {
            close()
            throw error
        }
    }

    /// The words before the command of a process that is to run on a host; they become that process.
    package func launcher(_ host: Int) -> [String] { ["ip", "netns", "exec", name(host)] }

    /// Loses everything between a host and `severable`, in both directions and without a word.
    package func cutOff(_ host: Int) throws(HarnessError) {
        try Self.run(["-n", name(host), "route", "replace", "blackhole", "\(severable)/32"])
        try Self.run(["rule", "add", "from", severable, "to", address(host), "blackhole"])
    }

    /// Takes that back.
    package func restore(_ host: Int) throws(HarnessError) {
        try Self.run(["rule", "delete", "from", severable, "to", address(host), "blackhole"])
        try Self.run(["-n", name(host), "route", "replace", "\(severable)/32", "dev", innerWire(host)])
    }

    /// Takes the hosts away; again is harmless.
    package func close() {
        for host in 0..<count {
            while (try? Self.run(["rule", "delete", "from", severable, "to", address(host), "blackhole"])) != nil {}
            // A wire goes with either of its ends, but not at once with a namespace.
            try? Self.run(["link", "delete", wire(host)])
            try? Self.run(["netns", "delete", name(host)])
        }
    }

    private func name(_ host: Int) -> String { "sluice-\(tag)-\(host)" }
    private func wire(_ host: Int) -> String { "\(tag)o\(host)" }
    private func innerWire(_ host: Int) -> String { "\(tag)i\(host)" }
    private func address(_ host: Int) -> String { "\(network).\(100 + host)" }

    private func make(_ host: Int) throws(HarnessError) {
        let inner = innerWire(host)
        try Self.run(["netns", "add", name(host)])
        try Self.run(["link", "add", wire(host), "type", "veth", "peer", "name", inner, "netns", name(host)])
        // The servers' addresses hang on the first wire; the other hosts reach them through theirs.
        if host == 0 { for server in [severable, steady] { try Self.run(["address", "add", "\(server)/32", "dev", wire(host)]) } }
        try Self.run(["link", "set", wire(host), "up"])
        try Self.run(["route", "add", "\(address(host))/32", "dev", wire(host)])
        try Self.run(["-n", name(host), "link", "set", "lo", "up"])
        try Self.run(["-n", name(host), "address", "add", "\(address(host))/32", "dev", inner])
        try Self.run(["-n", name(host), "link", "set", inner, "up"])
        for server in [severable, steady] { try Self.run(["-n", name(host), "route", "add", "\(server)/32", "dev", inner]) }
    }

    private static func run(_ words: [String]) throws(HarnessError) {
        // Blocking: it takes a few milliseconds, and must also work where nothing can be awaited.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ip"] + words
        process.environment = ["PATH": (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/sbin"]
        let complaint = Pipe()
        process.standardError = complaint
        process.standardOutput = FileHandle.nullDevice
        do { try process.run() } catch { throw HarnessError("ip could not be started: \(error)") }
        let said = String(decoding: complaint.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw HarnessError("ip \(words.joined(separator: " ")) failed: \(said)") }
    }
}
