/// How urgently a slot is wanted. A waiter moves up one step each time it has waited `age` for it, so that nobody starves.
package enum SlotPriority: Int, CaseIterable, Comparable, Sendable {
    /// Before everybody else.
    case high = 0
    /// What callers get when they say nothing.
    case normal = 1
    /// After everybody else.
    case low = 2

    /// Microseconds of waiting that lift a waiter by one step.
    package static let age: Int64 = 10_000_000

    package static func < (left: SlotPriority, right: SlotPriority) -> Bool { left.rawValue < right.rawValue }
}
