import Foundation

/// The examples as they were built together with the tests.
enum PostSerialSemaphorePrograms {
    /// The path of `example-NAME`.
    static func path(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") as NSString
        return own.deletingLastPathComponent + "/example-\(name)"
    }
}
