import SluiceLoop

/// One lock or semaphore: what processes that use the same one have in common, and how long this process's leases are.
package struct PermitResource: Hashable, Sendable {
    /// Locks and semaphores have names of their own.
    package enum Kind: String, Sendable {
        case lock
        case semaphore
    }

    /// Which of the two.
    package let kind: Kind
    /// Its name, as it stands in its keys.
    package let name: String
    /// How many may hold it at once; 1 for a lock.
    package let permits: Int
    /// How long a sign of life counts, in microseconds. A third of it passes between two.
    package let lease: Int64

    /// What the names of its keys end in, after the record's.
    static let suffixes = [":holders", ":waiters", ":leases"]

    /// - Throws: `.invalidConfiguration`, saying which value cannot be: a name of 1 to 200 characters of `[A-Za-z0-9._:/@-]` that
    ///   is not another's key, 1 to 1,000,000 permits, a lease of 100 ms to an hour.
    package init(kind: Kind, name: String, permits: Int, lease: Duration) throws(CoordinationError) {
        func invalid(_ sentence: String) -> CoordinationError { CoordinationError(code: .invalidConfiguration, message: sentence) }
        guard (1...200).contains(name.utf8.count), name.utf8.allSatisfy({ $0.isNameByte || ":/@".utf8.contains($0) }) else {
            throw invalid(
                "the name “\(name.prefix(60))” of a \(kind) cannot be used: take 1 to 200 letters, digits and any of . _ - : / @")
        }
        guard !Self.suffixes.contains(where: { name.hasSuffix($0) }) else {
            throw invalid("the name “\(name)” of a \(kind) cannot be used: it must not end in \(Self.suffixes.joined(separator: ", "))")
        }
        guard (1...1_000_000).contains(permits) else {
            throw invalid("the semaphore “\(name)” cannot have \(permits) permits: take 1 to 1000000")
        }
        guard lease >= .milliseconds(100), lease <= .seconds(3_600) else {
            throw invalid("the lease of the \(kind) “\(name)” cannot be \(lease): take 100 ms to 1 h")
        }
        self.kind = kind
        self.name = name
        self.permits = permits
        self.lease = lease.microseconds
    }

    /// For sentences: `lock “name”`.
    package var description: String { "\(kind) “\(name)”" }
}
