import SluiceHTTP
import SluiceLoop
import Testing

@Suite(.timeLimit(.minutes(10)))
struct NameCacheTests {
    private let name = NameCache.Name(host: "mirror", port: 80)
    private let address = SocketAddress(ip: "10.0.0.1", port: 80)!
    private let start = Instant(microseconds: 1_000_000)

    private func expect(_ answer: NameCache.Answer, _ expected: String, at location: SourceLocation = #_sourceLocation) {
        #expect(kind(answer) == expected, sourceLocation: location)
    }

    private func kind(_ answer: NameCache.Answer) -> String {
        switch answer {
        case .addresses(let addresses): addresses.map(\.ip).joined(separator: ",")
        case .wait: "wait"
        case .lookUp: "lookUp"
        }
    }

    @Test func `many askers cost one lookup, and its answer is kept for its life`() {
        var names = NameCache(life: .seconds(30))
        var answered: [UInt64]
        expect(names.ask(name, for: 1, at: start), "lookUp")
        expect(names.ask(name, for: 2, at: start), "wait")
        expect(names.ask(name, for: 3, at: start), "wait")
        names.abandon(2, name)
        answered = names.resolved(name, [address], at: start)
        #expect(answered == [1, 3])
        expect(names.ask(name, for: 4, at: start.advanced(by: .milliseconds(29_999))), "10.0.0.1")
        expect(names.ask(name, for: 5, at: start.advanced(by: .seconds(30))), "lookUp")
    }

    @Test func `a failed lookup is not kept, and a failed connection drops what is`() {
        var names = NameCache(life: .seconds(30))
        var answered: [UInt64]
        _ = names.ask(name, for: 1, at: start)
        answered = names.resolved(name, nil, at: start)
        #expect(answered == [1])
        expect(names.ask(name, for: 2, at: start), "lookUp")
        _ = names.resolved(name, [address], at: start)
        names.forget(name)
        expect(names.ask(name, for: 3, at: start), "lookUp")
    }

    @Test func `a life of zero keeps nothing`() {
        var names = NameCache(life: .zero)
        var answered: [UInt64]
        _ = names.ask(name, for: 1, at: start)
        answered = names.resolved(name, [address], at: start)
        #expect(answered == [1])
        expect(names.ask(name, for: 2, at: start), "lookUp")
    }
}
