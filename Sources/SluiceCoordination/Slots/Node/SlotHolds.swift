import SluiceLoop

/// The slots that callers with a client of their own hold at the moment, and when each was last renewed; a pure value.
///
/// Most give theirs back long before it must be renewed, so taking and giving back cost a place in an array and no timer each.
struct SlotHolds: Sendable {
    /// How often `due` must be asked, in microseconds.
    static let interval: Int64 = 250_000
    /// A slot that was not renewed for so long is due, in microseconds: well before its hold ends.
    private static let age: Int64 = 750_000

    private var places: [(slot: Slot, renewedAt: Instant)?] = []
    private var free: [Int] = []

    var count: Int { places.count - free.count }

    /// Whether nothing is held.
    var isEmpty: Bool { free.count == places.count }

    /// Somebody has taken a slot; its place.
    mutating func add(_ slot: Slot, now: Instant) -> Int {
        if let place = free.popLast() {
            places[place] = (slot, now)
            return place
        }
        places.append((slot, now))
        return places.count - 1
    }

    /// The slot at this place was given back.
    mutating func remove(_ place: Int) {
        places[place] = nil
        free.append(place)
    }

    /// The slots to be renewed now, which count as renewed from now on.
    mutating func due(now: Instant) -> [Slot] {
        var due: [Slot] = []
        for (place, held) in places.enumerated() {
            guard let held, now.microseconds(since: held.renewedAt) >= Self.age else { continue }
            places[place] = (held.slot, now)
            due.append(held.slot)
        }
        return due
    }
}
