import Foundation

/// Where the `sluice` program is.
package enum OwnProgram {
    /// This process's own executable.
    package static var path: String {
        get throws(DemoError) {
            do {
                return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            } catch {
                throw DemoError("The path of this program is not to be had from /proc/self/exe: \(error)")
            }
        }
    }

    /// `sluice` as it was built together with this executable, which is a test's.
    package static var besideThis: String {
        get throws(DemoError) {
            let path = (try path as NSString).deletingLastPathComponent + "/sluice"
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw DemoError("There is no \(path); build the product sluice first")
            }
            return path
        }
    }
}
