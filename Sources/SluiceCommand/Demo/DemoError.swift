/// Why the demo could not go on.
package struct DemoError: Error, Sendable, CustomStringConvertible {
    /// A sentence: what happened, what would do.
    package let description: String

    package init(_ description: String) { self.description = description }
}
