import Foundation

/// What the kernel knows of processes.
enum Processes {
    /// One line of `/proc`.
    struct Entry: Hashable {
        let process: Int32
        let parent: Int32
        let commandLine: String
    }

    /// Every process that can be seen.
    static var all: [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let process = Int32(name), let stat = FileManager.default.contents(atPath: "/proc/\(name)/stat") else { return nil }
            // The command's name, in parentheses, may contain anything.
            let rest = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            guard rest.count > 1, let parent = Int32(rest[1]) else { return nil }
            let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return Entry(
                process: process, parent: parent, commandLine: String(decoding: words.map { $0 == 0 ? 32 : $0 }, as: UTF8.self))
        }
    }

    /// Those that have to do with a directory: it is in the environment that they were started with (of which Redis and nginx leave
    /// nothing), in their command line, or they work in it. Of other users' processes only the command line can be read.
    static func about(_ directory: String) -> [Entry] {
        all.filter { entry in
            let words = FileManager.default.contents(atPath: "/proc/\(entry.process)/environ") ?? Data()
            let place = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(entry.process)/cwd")) ?? ""
            return String(decoding: words, as: UTF8.self).contains(directory) || entry.commandLine.contains(directory)
                || place.hasPrefix(directory)
        }
    }

    /// Those of `processes`, and the guards set over them, that are still children of this process.
    static func children(among processes: [Int32]) -> [Entry] {
        all.filter { entry in
            entry.parent == getpid()
                && processes.contains { entry.process == $0 || entry.commandLine.contains("kill -KILL -\($0) ") }
        }
    }

    /// Everything that descends from a process.
    static func descendants(of process: Int32) -> Set<Entry> {
        let all = all
        var found: Set<Entry> = []
        var parents: Set<Int32> = [process]
        while !parents.isEmpty {
            let next = all.filter { parents.contains($0.parent) }
            found.formUnion(next)
            parents = Set(next.map(\.process))
        }
        return found
    }

    /// Those of `entries` that still run as what they were.
    static func remaining(of entries: Set<Entry>) -> [Entry] {
        all.filter { now in entries.contains { $0.process == now.process && $0.commandLine == now.commandLine } }
    }
}
