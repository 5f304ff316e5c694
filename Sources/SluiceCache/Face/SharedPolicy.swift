/// A policy that many entries share, so that each keeps no more than a reference to it.
package final class SharedPolicy: Sendable {
    /// The policy.
    let policy: CachePolicy

    init(_ policy: CachePolicy) { self.policy = policy }
}

/// The policies of a cache's entries, each once. Pure.
///
/// A program has few: the default, and one for each route. Calls that each bring tags of their own could make any number;
/// those beyond the bound are not kept, and their entries are not refreshed ahead.
struct PolicyShelf: Sendable {
    /// How many are kept.
    static let limit = 256

    private var policies: [CachePolicy: SharedPolicy] = [:]

    /// The shared form of a policy; nil when there are too many.
    mutating func shared(_ policy: CachePolicy) -> SharedPolicy? {
        if let known = policies[policy] { return known }
        guard policies.count < Self.limit else { return nil }
        let shared = SharedPolicy(policy)
        policies[policy] = shared
        return shared
    }
}
