import SluiceLoop

/// What a worker is told: `--name value …`.
struct CacheWorkerOptions {
    /// A defence that is left out, to show that the checker sees what it prevents.
    enum Fault: String {
        case none
        /// Invalidations are not passed on to the cache.
        case deaf
        /// The cache is not told that the connection was lost.
        case trusting
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    var redis = ""
    /// Where the answers come from: `http://127.0.0.1:PORT`.
    var origin = ""
    /// How many keys there are.
    var keys = 12
    /// How many read at the same time.
    var readers = 3
    var seed: UInt64 = 1
    /// When to stop, on the host's continuous clock.
    var until = Instant.distantFuture
    var fault = Fault.none

    init(_ arguments: [String]) throws(Problem) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Problem(description: "\(option) needs a value") }
            switch option {
            case "--redis": redis = value
            case "--origin": origin = value
            case "--keys": keys = Int(value) ?? keys
            case "--readers": readers = Int(value) ?? readers
            case "--seed": seed = UInt64(value) ?? seed
            case "--until": until = Int64(value).map { Instant(microseconds: $0) } ?? until
            case "--fault": fault = Fault(rawValue: value) ?? fault
            default: throw Problem(description: "\(option) is unknown")
            }
        }
    }
}
