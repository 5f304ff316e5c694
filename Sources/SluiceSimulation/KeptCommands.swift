/// What a client was given while it had no connection, in order: it is sent when there is one, or given up.
struct KeptCommands {
    private var list: [(number: UInt64, send: () -> Void)] = []
    private var lastNumber: UInt64 = 0
    /// Whether somebody looks for a connection already.
    var isLooking = false

    var isEmpty: Bool { list.isEmpty }

    /// Returns the number by which it can be given up.
    mutating func keep(_ send: @escaping () -> Void) -> UInt64 {
        lastNumber += 1
        list.append((lastNumber, send))
        return lastNumber
    }

    /// Whether it was still there.
    mutating func giveUp(_ number: UInt64) -> Bool {
        guard let place = list.firstIndex(where: { $0.number == number }) else { return false }
        list.remove(at: place)
        return true
    }

    /// All of it, to be sent now.
    mutating func takeAll() -> [() -> Void] {
        defer { list = [] }
        return list.map(\.send)
    }
}
