package import SluiceLoop

/// What a strict mirror saw, as `/__stats` says it. Milliseconds are counted from the mirror's start.
package struct MirrorStats: Sendable {
    /// The fullest window of one limit.
    package struct Worst: Sendable, Hashable {
        package let limit: MirrorLimit
        /// The most requests in any window of the limit's length.
        package let worst: Int
    }

    /// The mirror's name.
    package let name: String
    /// How the mirror decides what to refuse.
    package let algorithm: MirrorAlgorithm
    /// Requests counted: all but those for `/__stats` and `/__log`.
    package let requests: Int
    /// Requests that were more than a limit allows in a true sliding window, in a ban or not, whatever the algorithm says.
    package let violations: Int
    /// Requests that the algorithm refused, in a ban or not. By the log, and without strangers, these are the violations.
    package let refused: Int
    /// Requests of strangers that took a share of the quota; they are in no other figure.
    package let strangers: Int
    /// Bans begun.
    package let bans: Int
    /// Requests that came during a ban.
    package let refusedWhileBanned: Int
    /// For each limit, in the order of the options.
    package let worstWindows: [Worst]
    /// Different targets asked for (a method other than GET makes a target of its own).
    package let distinctTargets: Int
    /// Targets asked for more than once, and how often.
    package let duplicates: [String: Int]
    /// Answers by status; 0: no whole answer, on purpose.
    package let statuses: [Int: Int]
    /// When the first request arrived.
    package let firstMilliseconds: Int64?
    /// When the last request arrived.
    package let lastMilliseconds: Int64?
    /// The mirror's start, on its host's continuous clock, which all processes of a host share.
    package let startedAt: Instant
    /// Now, since the mirror's start.
    package let uptimeMilliseconds: Int64
    /// Requests that are being answered.
    package let inFlight: Int
    /// The most requests that were being answered at once.
    package let inFlightMax: Int
    /// Requests that `/__log` has dropped.
    package let logDropped: Int

    /// The answer of `/__stats`.
    var json: [UInt8] {
        var text = JSONText()
        text.object { text in
            text.string("name", name)
            text.array("limits") { list in for worst in worstWindows { list.string(nil, worst.limit.description) } }
            text.string("algorithm", algorithm.description)
            text.number("requests", requests)
            text.number("violations", violations)
            text.number("refused", refused)
            text.number("strangers", strangers)
            text.number("bans", bans)
            text.number("refused_while_banned", refusedWhileBanned)
            text.array("worst_window") { list in
                for worst in worstWindows {
                    list.object { item in
                        item.number("limit", worst.limit.count)
                        item.number("window_ms", worst.limit.window.microseconds / 1_000)
                        item.number("worst", worst.worst)
                    }
                }
            }
            text.number("distinct_targets", distinctTargets)
            text.object("duplicates") { list in
                for (target, count) in duplicates.sorted(by: { $0.key < $1.key }) { list.number(target, count) }
            }
            text.object("statuses") { list in
                for (status, count) in statuses.sorted(by: { $0.key < $1.key }) { list.number("\(status)", count) }
            }
            if let firstMilliseconds { text.number("first_ms", firstMilliseconds) } else { text.null("first_ms") }
            if let lastMilliseconds { text.number("last_ms", lastMilliseconds) } else { text.null("last_ms") }
            text.number("started_us", startedAt.microseconds)
            text.number("uptime_ms", uptimeMilliseconds)
            text.number("in_flight", inFlight)
            text.number("in_flight_max", inFlightMax)
            text.number("log_dropped", logDropped)
        }
        text.endLine()
        return text.bytes
    }
}
