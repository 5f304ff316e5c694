import SluiceCache
import SluiceLoop

/// What one process keeps of keys: its memory, and the flights under way. What decides is the product's `Flight`.
struct SimulatedCache {
    /// A record in memory; see `MemoryEntry`.
    struct Held {
        var record: FlightLedger.Record
        var freshUntil: Instant
        /// The era in which it was known to be what Redis holds; 0: unverified.
        var era: Int
    }

    var memory: [Int: Held] = [:]
    var cells: [Int: FlightCell] = [:]
    /// Whether invalidations reach it, as a number that grows with each connection; 0: they do not.
    var era = 0
    var lastEra = 0
    var lastToken = 0
    var lastCaller: UInt64 = 0
    /// What each key must be by now, as far as messages say; see `Simulation.purge`.
    var floors: [Int: Int64] = [:]

    /// A flight with what its decisions are about.
    final class FlightCell {
        struct Caller {
            let deadline: Instant
            let beganAt: Instant
            /// What it must not be older than.
            var floor: Int64
        }

        let key: Int
        var flight: Flight
        var callers: [UInt64: Caller] = [:]
        var held: Held?
        var fetch: KeyedFetch?
        /// What was fetched.
        var draft: Int64 = 0
        var token = ""
        var tokenAttempt: UInt64 = 0
        /// When Redis gave the flight to this attempt, in true time, and in which life.
        var takenAt: Int64 = 0
        var life = 0
        /// When a command of it failed, or was slow.
        var troubledAt: Int64 = .min
        /// Since when nobody has waited for it, and when that last was so for a third of the lease: then it is not renewed.
        var unwantedSince: Int64?
        var neglectedAt: Int64 = .min
        var plannedTick: Int64 = .max
        /// When each of its commands was sent that has no answer yet.
        var asked: [Int: Int64] = [:]
        var lastAsked = 0

        init(key: Int, timing: Flight.Timing) {
            self.key = key
            flight = Flight(timing: timing)
        }
    }
}
