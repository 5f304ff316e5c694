import Foundation
import SluiceHarness
import Testing

extension Integration {
    /// A process whose name server says nothing, so that the system's resolver is at it for minutes, and cannot be interrupted.
    @Suite(.enabled(if: NetworkHosts.obstacle == nil, "\(NetworkHosts.obstacle ?? "")"))
    struct SilentNameServerTests {
        @Test func `a gateway that is told to stop ends at once, whatever name it is looking up`() async throws {
            let directory = try TemporaryDirectory(label: "names")
            let servers = directory.path("resolv.conf")
            try Data("nameserver 192.0.2.1\noptions timeout:30 attempts:5\n".utf8).write(to: URL(fileURLWithPath: servers))
            let program = try CommandScene.program
            // What is sent to that address is lost: it belongs to a card that nobody has.
            let script = """
                set -e
                ip link set lo up
                ip link add near type veth peer name far
                ip address add 192.0.2.2/24 dev near
                ip link set near up
                ip link set far up
                ip neighbour add 192.0.2.1 lladdr 02:00:00:00:00:01 dev near nud permanent
                mount --bind \(servers) /etc/resolv.conf
                exec \(program) serve --listen 127.0.0.1:0 --redis redis://redis.example.org:6379/0 \
                    --mirror http://api.example.org
                """
            let gateway = try ChildProcess("unshare", ["--net", "--mount", "bash", "-c", script])
            try await gateway.waitForOutput(containing: "listening on http://")
            #expect(gateway.standardError.contains("does not answer, and is tried again"), "\(gateway.standardError)")
            #expect(await gateway.stop(grace: .seconds(60)) == .exited(0), "\(gateway.standardError)")
        }
    }
}
