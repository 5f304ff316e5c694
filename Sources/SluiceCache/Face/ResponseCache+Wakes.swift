internal import SluiceLoop

/// Time: one timer for all flights.
extension ResponseCache {
    /// Sees to it that the flight is told when time has passed that it waits for.
    func scheduleWake(for cell: FlightCell) {
        let next = cell.flight.nextTick
        guard next < cell.wakesAt, !isShutDown else { return }
        cell.wakesAt = next
        wakes.insert(cell, at: next)
        if wakes.count > 64 + 4 * flights.count {
            wakes.compact { at, cell in flights[cell.key] === cell && cell.wakesAt == at }
        }
        setTimer()
    }

    private func setTimer() {
        guard let first = wakes.first else { return }
        if timer == nil { timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.wake() } } }
        if timer?.scheduledAt.map({ first < $0 }) ?? true { timer?.schedule(at: first) }
    }

    private func wake() {
        let now = Instant.now
        while let due = wakes.popDue(now: now) {
            let cell = due.name
            guard flights[cell.key] === cell, cell.wakesAt == due.at else { continue }
            cell.wakesAt = .distantFuture
            send(.ticked, to: cell)
        }
        setTimer()
    }
}
