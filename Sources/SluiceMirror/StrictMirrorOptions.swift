internal import SluiceLoop
package import SluiceServer

/// What a ``StrictMirror`` is to be. Each option can be set from text, as the command line has it.
package struct StrictMirrorOptions: Sendable {
    /// Shown in `/__stats` and in the header `Mirror` of each answer. Default: `mirror`.
    package var name = "mirror"
    /// Where to listen. Default: `127.0.0.1`, any free port.
    package var address = ListenAddress.anyLoopbackPort
    /// All hold at once. Default: none, everything is accepted.
    package var limits: [MirrorLimit] = []
    /// How it is decided what is over a limit. Default: the true sliding window.
    package var algorithm = MirrorAlgorithm.log
    /// How many requests of others come in how much time and take their share of the limits; nil (the default): none.
    package var strangers: MirrorLimit?
    /// How long a request over a limit bans all clients; nil (the default): it is refused alone.
    package var block: Duration?
    /// How long an answer takes, after the request was counted. Refusals leave at once. Default: no time.
    package var latency = MirrorLatency.none
    /// How many posts there are, 1 to 1,000,000. Default: 100.
    package var posts = 100
    /// Every so many accepted requests one is answered with 500; nil (the default): none.
    package var failEvery: Int?
    /// What becomes of requests that are within the limits; nil (the default): they are answered. They count as ever.
    package var misbehaviour: Misbehaviour?
    /// What refusals say in `Retry-After`, rounded up to seconds; nil (the default): the truth.
    package var retryAfter: Duration?
    /// The `max-age` of answers, in whole seconds; nil (the default): no `Cache-Control`.
    package var maxAge: Duration?
    /// How many requests `/__log` keeps; the oldest go first. Default: 100,000.
    package var logCapacity = 100_000
    /// Where the latencies' random numbers start. Default: 1.
    package var seed: UInt64 = 1

    package init() {}

    /// The options by name, without dashes: what follows each, and what it does. `limit` may be given several times.
    package static let names: [(name: String, value: String, purpose: String)] = [
        ("listen", "ADDR", "where to listen, such as 127.0.0.1:9001; port 0 takes a free one"),
        ("name", "NAME", "the name in /__stats and in each answer's Mirror header"),
        ("limit", "COUNT/WINDOW", "at most so many requests in any window this long, such as 30/60s; may be repeated"),
        (
            "algorithm", "NAME",
            "how it counts: log (a true sliding window), counter (a sliding-window counter, as Cloudflare and HAProxy have), fixed "
                + "(a fixed window), bucket (a token bucket as large as the limit) or bucket:COUNT (one that holds COUNT)"
        ),
        ("strangers", "COUNT/WINDOW", "others use the same limits: so many requests in each such time, such as 5/10s, which nobody sees"),
        ("block", "DURATION", "a request over a limit bans all clients for so long, such as 60s"),
        ("latency", "DURATION", "answers take so long, such as 50ms, or 20ms..80ms"),
        ("posts", "COUNT", "how many posts there are (100 unless told)"),
        ("fail-every", "COUNT", "every so many requests one is answered with 500"),
        (
            "misbehave", "KIND[:EVERY]",
            "requests within the limits are counted, and then treated badly, all or every so many: hang-up (no answer), hang (silence), "
                + "garbage (no HTTP), cut-off (half a body), slow-body (ten bytes a second), refuse (429 without Retry-After, unless "
                + "--retry-after is given)"
        ),
        ("retry-after", "DURATION", "refusals name this time, whatever the truth"),
        ("max-age", "DURATION", "answers carry Cache-Control: max-age"),
    ]

    /// Sets the option `name` from `text`.
    /// - Throws: an error that names the option, its text, what is wrong and what would do; also for a name that is not in ``names``.
    package mutating func set(_ name: String, to text: String) throws(MirrorError) {
        do throws(MirrorError) {
            switch name {
            case "listen": address = try Self.address(text)
            case "name": self.name = try Self.name(text)
            case "limit": limits.append(try MirrorLimit(text: text))
            case "algorithm": algorithm = try MirrorAlgorithm(text: text)
            case "strangers": strangers = try MirrorLimit(text: text)
            case "block": block = try Self.duration(text)
            case "latency": latency = try MirrorLatency(text: text)
            case "posts": posts = try Self.count(text, atMost: 1_000_000)
            case "fail-every": failEvery = try Self.count(text, atMost: .max)
            case "misbehave": misbehaviour = try Misbehaviour(text: text)
            case "retry-after": retryAfter = try Self.duration(text)
            case "max-age": maxAge = try Self.duration(text)
            default:
                let known = Self.names.map(\.name).joined(separator: ", ")
                throw MirrorError(.invalidOption, "a strict mirror has no such option; it has \(known)")
            }
        } catch {
            throw MirrorError(error.code, "--\(name): \(error.message)", underlying: error.underlying)
        }
    }

    private static func address(_ text: String) throws(MirrorError) -> ListenAddress {
        do {
            return try ListenAddress(text: text)
        } catch {
            throw MirrorError(.invalidOption, error.message, underlying: error)
        }
    }

    private static func duration(_ text: String) throws(MirrorError) -> Duration {
        do {
            return try Duration(text: text)
        } catch {
            throw MirrorError(.invalidOption, error.description, underlying: error)
        }
    }

    private static func count(_ text: String, atMost highest: Int) throws(MirrorError) -> Int {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(text), count >= 1, count <= highest else {
            let range = highest == .max ? "of at least 1" : "from 1 to \(highest)"
            throw MirrorError(.invalidOption, "\"\(text)\" is no count; write a whole number \(range)")
        }
        return count
    }

    private static func name(_ text: String) throws(MirrorError) -> String {
        guard !text.isEmpty, text.utf8.count <= 64, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw MirrorError(.invalidOption, "\"\(text)\" is no name; write 1 to 64 visible ASCII characters, such as a")
        }
        return text
    }
}
