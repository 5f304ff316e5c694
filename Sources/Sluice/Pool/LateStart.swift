import SluiceHTTP
import SluiceLoop

/// Whose fault it is that a request did not leave before its slot's time was over; a pure rule.
enum LateStart {
    /// A mirror that has this long to accept a connection has had its chance, in microseconds.
    static let fairTime: Int64 = 1_000_000
    /// Who notices so much later than this that the time is over was held up himself, in microseconds.
    static let promptness: Int64 = 250_000
    /// What the news of it takes to the ledger, in microseconds.
    static let pause: Int64 = 20_000

    /// Whether an attempt ended so: nothing left, and the slot's time was over.
    static func happened(_ error: HTTPError) -> Bool { !error.wasSent && [.lateStart, .attemptRefused].contains(error.code) }

    /// Whether the mirror failed in it. It did not where the time went by while the request waited for one of our own connections, or where
    /// the slot had little time left when it began to connect, or where this process stood still.
    static func isMirrorsFault(_ error: HTTPError, sendBy: Instant) -> Bool {
        guard let since = error.connectingSince else { return false }
        return sendBy.microseconds(since: since) >= fairTime && error.endedAt.microseconds(since: sendBy) < promptness
    }
}
