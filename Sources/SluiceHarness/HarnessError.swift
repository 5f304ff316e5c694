/// Why a server or process of the harness could not do what was asked.
package struct HarnessError: Error, CustomStringConvertible, Sendable {
    /// A sentence: what happened, and what the process said, when it said something.
    package var message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
