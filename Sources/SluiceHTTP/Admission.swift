/// Whose turn it is: keeps curl from being given more transfers than it has connections for.
///
/// curl can queue transfers by itself, but its queue (7.88) knows no timeouts, and one full host holds up the others.
/// A value without I/O: who comes and goes in, who starts out. First come, first served within an origin, and between
/// origins that have room, the longest wait first.
///
/// To an `https` origin that nothing runs to, one transfer goes ahead until its connection stands: only then is it known
/// whether the others share that connection (HTTP/2) or open their own.
package struct Admission {
    private struct Lane {
        var active = 0
        var isStanding = false
        var queue: [UInt64] = []
        var head = 0
        /// Of the queue's entries, those that have not given up.
        var waiting = 0
    }

    private let limitPerOrigin: Int
    private let limit: Int
    private var active = 0
    private var waiting: Set<UInt64> = []
    private var lanes: [Origin: Lane] = [:]

    /// - Parameters:
    ///   - perOrigin: transfers at once to one origin, at least 1.
    ///   - total: transfers at once in all, at least 1.
    package init(perOrigin: Int, total: Int) {
        limitPerOrigin = perOrigin
        limit = total
    }

    /// Whether ``next()`` may have something to give.
    package var isAnyoneWaiting: Bool { !waiting.isEmpty }

    /// A transfer comes. Returns whether it starts at once; otherwise it waits. Identities grow with time.
    package mutating func enter(_ id: UInt64, to origin: Origin) -> Bool {
        let place = lanes.index(forKey: origin)
        let lane = place.map { lanes.values[$0] } ?? Lane()
        if lane.waiting == 0, lane.active < room(in: lane, origin), active < limit {
            if let place { lanes.values[place].active += 1 } else { lanes[origin] = Lane(active: 1) }
            active += 1
            return true
        }
        lanes[origin, default: lane].queue.append(id)
        lanes[origin]?.waiting += 1
        waiting.insert(id)
        return false
    }

    /// A waiting transfer gives up its place. Returns false when it was not waiting.
    package mutating func abandon(_ id: UInt64, _ origin: Origin) -> Bool {
        guard waiting.remove(id) != nil else { return false }
        lanes[origin]?.waiting -= 1
        if let lane = lanes[origin], lane.active == 0, lane.waiting == 0 { lanes[origin] = nil }
        return true
    }

    /// A started transfer to `origin` is over. Call ``next()`` afterwards.
    package mutating func leave(_ origin: Origin) {
        active -= 1
        guard let place = lanes.index(forKey: origin) else { return }
        lanes.values[place].active -= 1
        guard lanes.values[place].active == 0 else { return }
        lanes.values[place].isStanding = false
        if lanes.values[place].waiting == 0 { lanes.remove(at: place) }
    }

    /// A connection to `origin` stands: its protocol is known. Returns whether that was news; call ``next()`` then.
    package mutating func stands(_ origin: Origin) -> Bool {
        guard origin.isSecure, lanes[origin]?.isStanding == false else { return false }
        lanes[origin]?.isStanding = true
        return true
    }

    /// The next waiting transfer that may start now, as started; `nil` when there is none. Call it until it is `nil`.
    package mutating func next() -> UInt64? {
        guard !waiting.isEmpty, active < limit else { return nil }
        var best: (id: UInt64, origin: Origin)?
        for origin in Array(lanes.keys) {
            skipAbandoned(origin)
            guard let lane = lanes[origin], lane.head < lane.queue.count, lane.active < room(in: lane, origin) else { continue }
            let id = lane.queue[lane.head]
            if best.map({ id < $0.id }) ?? true { best = (id, origin) }
        }
        guard let best else { return nil }
        lanes[best.origin]?.head += 1
        lanes[best.origin]?.active += 1
        lanes[best.origin]?.waiting -= 1
        compact(best.origin)
        active += 1
        waiting.remove(best.id)
        return best.id
    }

    private func room(in lane: Lane, _ origin: Origin) -> Int {
        origin.isSecure && !lane.isStanding ? 1 : limitPerOrigin
    }

    private mutating func skipAbandoned(_ origin: Origin) {
        while let lane = lanes[origin], lane.head < lane.queue.count, !waiting.contains(lane.queue[lane.head]) {
            lanes[origin]?.head += 1
        }
        compact(origin)
    }

    /// Drops the used part of a queue now and then, so that each entry moves a bounded number of times.
    private mutating func compact(_ origin: Origin) {
        guard let lane = lanes[origin], lane.head > 0 else { return }
        if lane.head == lane.queue.count {
            lanes[origin]?.queue.removeAll(keepingCapacity: true)
            lanes[origin]?.head = 0
            if lane.active == 0 { lanes[origin] = nil }
        } else if lane.head > 64, lane.head * 2 > lane.queue.count {
            lanes[origin]?.queue.removeFirst(lane.head)
            lanes[origin]?.head = 0
        }
    }
}
