internal import CSluiceLibuv

/// A point on this host's continuous clock, in whole microseconds since it started.
///
/// The clock counts time spent suspended (`CLOCK_BOOTTIME`) and is never set, so it measures how long ago
/// something happened even when the host slept in between. Two hosts' instants have nothing to do with each other.
///
/// Decisions take instants as arguments and never ask a clock, so a simulation can own time.
package struct Instant: Hashable, Comparable, Sendable {
    /// Microseconds since the clock's start.
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// This moment, on the clock of this host.
    package static var now: Instant {
        Instant(microseconds: sluice_boot_microseconds())
    }

    /// The instant so many microseconds later (earlier, when negative); stops at the ends of the range.
    package func advanced(byMicroseconds span: Int64) -> Instant {
        let (sum, overflow) = microseconds.addingReportingOverflow(span)
        return Instant(microseconds: overflow ? (span < 0 ? .min : .max) : sum)
    }

    /// The instant a `Duration` later.
    package func advanced(by span: Duration) -> Instant { advanced(byMicroseconds: span.microseconds) }

    /// Microseconds from `other` to this instant; negative when `other` is later. Stops at the ends of the range.
    package func microseconds(since other: Instant) -> Int64 {
        let (span, overflow) = microseconds.subtractingReportingOverflow(other.microseconds)
        return overflow ? (other.microseconds < 0 ? .max : .min) : span
    }

    /// The time from `other` to this instant.
    package func duration(since other: Instant) -> Duration { .microseconds(microseconds(since: other)) }

    package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    /// Later than every instant that occurs.
    package static let distantFuture = Instant(microseconds: .max)
}

extension Duration {
    /// This duration in whole microseconds, rounded down; held within what `Int64` can say.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000).partialValue
    }
}
