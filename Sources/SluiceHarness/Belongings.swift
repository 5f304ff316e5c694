import Foundation
import Synchronization

/// What this process has started and made by way of the harness, and takes with it when it ends: children and temporary directories.
package enum Belongings {
    private struct State {
        /// Process ids. They stay ours until `remove(child:)`, since nobody has collected them before.
        var children: Set<pid_t> = []
        var directories: Set<String> = []
        var isEnding = false
    }

    private static let state = Mutex(State())
    // What is still held when the process exits is never released.
    private static let removesAtExit: Void = { atexit { Belongings.removeDirectories() } }()

    /// Kills all children with their process groups, waits until they are gone, and removes all directories. Nothing can be started or made
    /// from then on. Blocks for a moment; for a process that is about to end.
    package static func endAll() {
        state.withLock { state in
            state.isEnding = true
            for child in state.children { kill(-child, SIGKILL) }
        }
        // A child that has only just been killed may still write.
        let limit = ContinuousClock.now + .seconds(1)
        while !state.withLock({ $0.children.isEmpty }), ContinuousClock.now < limit { usleep(1_000) }
        removeDirectories()
    }

    /// Starts a child and keeps its id in one step, so that `endAll()` misses none.
    static func addChild<Child>(_ start: () throws(HarnessError) -> (pid_t, Child)) throws(HarnessError) -> (pid_t, Child) {
        try state.withLock { (state) throws(HarnessError) in
            try check(state)
            let (process, child) = try start()
            state.children.insert(process)
            return (process, child)
        }
    }

    /// The child has ended and is about to be collected.
    static func remove(child: pid_t) { state.withLock { _ = $0.children.remove(child) } }

    /// Makes a directory and keeps its path in one step.
    static func addDirectory(_ make: () throws(HarnessError) -> String) throws(HarnessError) -> String {
        removesAtExit
        return try state.withLock { (state) throws(HarnessError) in
            try check(state)
            let path = try make()
            state.directories.insert(path)
            return path
        }
    }

    /// Removes a directory with everything in it; again is harmless.
    static func remove(directory path: String) {
        try? FileManager.default.removeItem(atPath: path)
        state.withLock { _ = $0.directories.remove(path) }
    }

    private static func check(_ state: borrowing State) throws(HarnessError) {
        if state.isEnding { throw HarnessError("This process is ending: it starts nothing any more") }
    }

    private static func removeDirectories() {
        for path in state.withLock({ $0.directories }) {
            // Again, since another thread of ours may just have written into it.
            for _ in 0..<10 where FileManager.default.fileExists(atPath: path) { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}
