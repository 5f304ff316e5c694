internal import SluiceLoop

/// How a strict mirror decides that a request is one too many. Upstreams differ in it, and a schedule that one accepts another refuses.
///
/// Whatever the algorithm, the mirror's figures about windows and violations are those of the true sliding window.
package enum MirrorAlgorithm: Hashable, Sendable, CustomStringConvertible {
    /// The true sliding window: every arrival is remembered, refused ones too.
    case log
    /// A sliding-window counter, as Cloudflare and HAProxy count: the previous period's arrivals are taken to have been even, and weigh
    /// as much as the window still covers of that period. A burst then weighs longer than it should. Refused arrivals count too.
    case counter
    /// A fixed window: the count begins anew at the end of each period, refused arrivals included.
    case fixed
    /// A token or leaky bucket that fills at the limit's rate and holds so many tokens; nil: as many as the limit. A refused arrival
    /// takes no token.
    case bucket(Int?)

    /// Reads `log`, `counter`, `fixed`, `bucket` or `bucket:COUNT`.
    package init(text: String) throws(MirrorError) {
        switch text {
        case "log": self = .log
        case "counter": self = .counter
        case "fixed": self = .fixed
        case "bucket": self = .bucket(nil)
        default:
            let size = text.dropFirst("bucket:".count)
            guard text.hasPrefix("bucket:"), size.allSatisfy({ $0.isASCII && $0.isNumber }), let size = Int(size), size >= 1 else {
                throw MirrorError(
                    .invalidOption,
                    "\"\(text)\" is no algorithm; write log, counter, fixed, bucket, or bucket:COUNT for one that holds COUNT tokens")
            }
            self = .bucket(size)
        }
    }

    /// As ``init(text:)`` reads it.
    package var description: String {
        switch self {
        case .log: "log"
        case .counter: "counter"
        case .fixed: "fixed"
        case .bucket(nil): "bucket"
        case .bucket(let size?): "bucket:\(size)"
        }
    }

    /// What measures these limits, all at once. Periods are counted from `start`.
    func meters(for limits: [MirrorLimit], from start: Instant) -> [any QuotaMeter] {
        switch self {
        case .log: [LogMeter(limits)]
        case .counter: limits.map { PeriodMeter($0, from: start, weighsPrevious: true) }
        case .fixed: limits.map { PeriodMeter($0, from: start, weighsPrevious: false) }
        case .bucket(let size): limits.map { BucketMeter($0, size: size ?? $0.count) }
        }
    }
}
