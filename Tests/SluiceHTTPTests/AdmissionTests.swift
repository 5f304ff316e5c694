import SluiceHTTP
import SluiceRandom
import Testing

@Suite(.timeLimit(.minutes(10)))
struct AdmissionTests {
    private let one = try! Origin(url: "http://one/")
    private let two = try! Origin(url: "http://two/")
    private let secure = try! Origin(url: "https://one/")

    @Test func `first come, first served, and a full origin holds up no other`() {
        let admission = Desk(perOrigin: 2, total: 3)
        let starts = [one, one, one, two, two].enumerated().map { admission.enter(UInt64($0), to: $1) }
        #expect(starts == [true, true, false, true, false])
        #expect(admission.next() == nil)
        admission.leave(two)
        #expect(admission.all() == [4], "2 came earlier, but its origin is full")
        admission.leave(one)
        #expect(admission.all() == [2])
        #expect(!admission.isAnyoneWaiting)
    }

    @Test func `who has given up is passed over`() {
        let admission = Desk(perOrigin: 1, total: 1)
        _ = admission.enter(0, to: one)
        for id in 1...3 { _ = admission.enter(UInt64(id), to: one) }
        #expect(admission.abandon(1, one))
        #expect(!admission.abandon(1, one))
        admission.leave(one)
        #expect(admission.all() == [2])
    }

    @Test func `one transfer opens a secure origin for the others`() {
        let admission = Desk(perOrigin: 10, total: 10)
        #expect(admission.enter(0, to: secure))
        #expect(!admission.enter(1, to: secure))
        #expect(!admission.enter(2, to: secure))
        #expect(admission.all().isEmpty)
        #expect(admission.stands(secure))
        #expect(!admission.stands(secure))
        #expect(admission.all() == [1, 2])
        // Once nothing runs there, its connections may be gone.
        for _ in 0..<3 { admission.leave(secure) }
        #expect(admission.enter(3, to: secure))
        #expect(!admission.enter(4, to: secure))
        admission.leave(secure)
        #expect(admission.all() == [4], "the first failed: the next one tries")
    }

    @Test(arguments: UInt64(1)...50)
    func `whatever comes and goes, the limits hold and nobody is forgotten`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let perOrigin = Int.random(in: 1...4, using: &random)
        let total = Int.random(in: 1...6, using: &random)
        let admission = Desk(perOrigin: perOrigin, total: total)
        var running: [(UInt64, Origin)] = []
        var waiting: [(UInt64, Origin)] = []
        for id in 0..<UInt64(500) {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let origin = [one, two, secure].randomElement(using: &random)!
                let isFree = running.count < total && running.count { $0.1 == origin } < (origin == secure ? 1 : perOrigin)
                let starts = admission.enter(id, to: origin)
                #expect(starts || !isFree || waiting.contains { $0.1 == origin }, "made to wait for nothing")
                if starts { running.append((id, origin)) } else { waiting.append((id, origin)) }
            case 2 where !running.isEmpty:
                admission.leave(running.remove(at: Int.random(in: running.indices, using: &random)).1)
            case 3 where !waiting.isEmpty:
                let gone = waiting.remove(at: Int.random(in: waiting.indices, using: &random))
                #expect(admission.abandon(gone.0, gone.1))
            default:
                if running.contains(where: { $0.1 == secure }) { _ = admission.stands(secure) }
            }
            while let next = admission.next() {
                let place = waiting.firstIndex { $0.0 == next }!
                #expect(!waiting.contains { $0.0 < next && $0.1 == waiting[place].1 }, "overtaken")
                running.append(waiting.remove(at: place))
            }
            #expect(running.count <= total)
            for origin in [one, two, secure] {
                let here = running.count { $0.1 == origin }
                #expect(here <= perOrigin)
                if here == 0 && running.count < total { #expect(!waiting.contains { $0.1 == origin }, "forgotten") }
            }
        }
    }
}

/// An admission that can be asked within an expectation, where a value cannot change.
private final class Desk {
    private var admission: Admission

    init(perOrigin: Int, total: Int) { admission = Admission(perOrigin: perOrigin, total: total) }

    var isAnyoneWaiting: Bool { admission.isAnyoneWaiting }
    func enter(_ id: UInt64, to origin: Origin) -> Bool { admission.enter(id, to: origin) }
    func abandon(_ id: UInt64, _ origin: Origin) -> Bool { admission.abandon(id, origin) }
    func leave(_ origin: Origin) { admission.leave(origin) }
    func stands(_ origin: Origin) -> Bool { admission.stands(origin) }
    func next() -> UInt64? { admission.next() }

    func all() -> [UInt64] {
        var started: [UInt64] = []
        while let id = next() { started.append(id) }
        return started
    }
}
