import Foundation
import Synchronization

/// Sees to it that a child dies with this process, however this process dies, kill −9 included.
///
/// A shell waits to read from a socket whose only other end is ours; when we die the kernel closes it, the shell reads the end of
/// file and kills the child. (`PR_SET_PDEATHSIG` would do for a program of one thread: it fires when the *thread* that started the
/// child ends.)
final class Companion: Sendable {
    private let process: pid_t
    private let socketEnd: Int32
    private let released = Atomic(false)

    /// Guards `child`, whose process group of its own is killed as a whole.
    init(guarding child: pid_t) throws(HarnessError) {
        var ends: [Int32] = [0, 0]
        // A socket pair, since it is close-on-exec from its first moment: another child that inherited our end would keep it open.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw HarnessError("No socket pair could be made: \(String(cString: strerror(errno)))")
        }
        defer { close(ends[0]) }
        do throws(HarnessError) {
            process = try Spawn.start(
                "/bin/sh", ["-c", "read line; kill -KILL -\(child)"], environment: [:], directory: "/",
                descriptors: .init(input: ends[0], outputPath: "/dev/null", errorPath: "/dev/null"))
        } catch {
            close(ends[1])
            throw error
        }
        socketEnd = ends[1]
    }

    /// Ends the watch without harm to the child; call it before the child's process id can be given to another process.
    func release() {
        guard released.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        // First the shell, then the socket: the other way round it would still get to kill.
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 && errno == EINTR {}
        close(socketEnd)
    }
}
