import Foundation

/// `posix_spawn`, with what every process of the harness needs: a process group of its own (a Ctrl-C at the terminal is for the
/// parent, who ends its children itself), and default signal handling. Descriptors of ours that are not close-on-exec are inherited.
enum Spawn {
    /// Where descriptors 0, 1 and 2 of the new process lead.
    struct Descriptors {
        /// A descriptor of this process that becomes standard input; nil: `/dev/null`.
        var input: Int32?
        /// A file to append standard output to; nil: inherited.
        var outputPath: String?
        /// A file to append standard error to; nil: inherited.
        var errorPath: String?
    }

    /// Starts `executable` (looked up in PATH when it has no slash) and returns its process id.
    static func start(
        _ executable: String, _ arguments: [String], environment: [String: String], directory: String?, descriptors: Descriptors
    ) throws(HarnessError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input = descriptors.input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for (descriptor, path) in [(Int32(1), descriptors.outputPath), (2, descriptors.errorPath)] {
            guard let path else { continue }
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        // The working directory by `env -C`, which becomes the program: glibc's spawn action for it is not visible to Swift.
        let commandLine = (directory.map { ["/usr/bin/env", "-C", $0] } ?? []) + [executable] + arguments
        var argumentPointers = commandLine.map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, commandLine[0], &actions, &attributes, &argumentPointers, &environmentPointers)
        guard failure == 0 else { throw HarnessError("\(executable) could not be started: \(String(cString: strerror(failure)))") }
        return process
    }
}
