package import SluiceLoop

/// When a request that ended without its mirror's answer can surely not be counted any more; a pure rule.
package enum CutRequest {
    /// For whatever delays the abort itself on a busy host, in microseconds.
    package static let busyGuard: Int64 = 1_000_000

    /// The last moment at which the mirror may receive it.
    ///
    /// A network may hold a request back for as long as its timeout, also when its caller had no time left and cut it off before.
    /// - Parameters:
    ///   - sentAt: when its first byte left.
    ///   - endedAt: when it was given up.
    ///   - timeout: of a request, in microseconds.
    package static func over(sentAt: Instant, endedAt: Instant, timeout: Int64) -> Instant {
        max(endedAt, sentAt.advanced(byMicroseconds: timeout)).advanced(byMicroseconds: busyGuard)
    }
}
