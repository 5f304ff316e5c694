import SluiceCoordination
import SluiceLoop
import Synchronization

/// A slot as the HTTP client sees it: good for one attempt on the wire, and not after its time.
///
/// curl asks before the bytes of *each* attempt go out, also when it repeats a request by itself because a kept connection
/// had died; the second time the answer is no.
final class Ticket: Sendable {
    private let slot: Slot
    private let spending = Mutex<Instant?>(nil)

    init(_ slot: Slot) { self.slot = slot }

    /// When the attempt went out; nil when none has.
    var spentAt: Instant? { spending.withLock { $0 } }

    /// Whether the attempt may go out now.
    func spend() -> Bool {
        spending.withLock { spentAt in
            let now = Instant.now
            guard spentAt == nil, now < slot.sendBy else { return false }
            spentAt = now
            return true
        }
    }
}
