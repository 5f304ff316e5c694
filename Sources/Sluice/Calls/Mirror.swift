/// The mirror that a slot is for.
public struct Mirror: Hashable, Sendable {
    /// The name in metrics and answers.
    public let name: String
    /// The base URL.
    public let url: String
    /// Sent with every request to it.
    public let headers: [String: String]
}
