import Foundation

/// Another program's wall clock, which can be set while it runs: by libfaketime (Debian: `libfaketime`), which is loaded into that
/// program and looks into a file whenever it is asked for the time. The clock that counts from the system's start is left alone, and
/// so is this host's.
struct SettableClock {
    private static let library = "/usr/lib/*/faketime/libfaketime.so.1"
    private let file: String
    private let library: String

    init(file: String) throws(HarnessError) {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(Self.library, 0, nil, &found) == 0, let first = found.gl_pathv[0] else {
            throw HarnessError("There is no \(Self.library); install Debian's libfaketime")
        }
        library = String(cString: first)
        self.file = file
        try set(ahead: .zero)
    }

    /// What the program must be started with.
    var environment: [String: String?] {
        // The C library goes before jemalloc: that asks for the time when it is asked for memory, and libfaketime the other way round.
        [
            "LD_PRELOAD": "\(library):libc.so.6", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// Sets it, in whole seconds against this host's.
    func set(ahead: Duration) throws(HarnessError) {
        let seconds = ahead.components.seconds
        do {
            // In one step: half a number would be another time.
            try Data("\(seconds < 0 ? "" : "+")\(seconds)\n".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw HarnessError("The time could not be written to \(file): \(error)")
        }
    }
}
