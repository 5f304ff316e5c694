import Foundation

/// What a strict mirror says of itself at `/__stats`.
package struct MirrorReport: Decodable, Sendable {
    /// The fullest window of one limit.
    package struct Window: Decodable, Hashable, Sendable {
        package let limit: Int
        package let worst: Int
    }

    package let name: String
    package let requests: Int
    /// Over a limit in a true sliding window, whatever the mirror's algorithm says.
    package let violations: Int
    /// Refused by the mirror's algorithm.
    package let refused: Int
    /// Requests of others that took a share of the quota; in no other figure.
    package let strangers: Int
    package let bans: Int
    package let refusedWhileBanned: Int
    package let worstWindows: [Window]
    package let distinctTargets: Int
    package let duplicates: [String: Int]
    package let statuses: [String: Int]
    /// Milliseconds since the mirror's start; nil before the first request.
    package let firstMilliseconds: Int?
    package let lastMilliseconds: Int?
    package let inFlight: Int
    package let inFlightMax: Int
    /// The mirror's start, on its host's continuous clock.
    package let startedMicroseconds: Int64

    private enum CodingKeys: String, CodingKey {
        case name, requests, violations, refused, strangers, bans, duplicates, statuses
        case refusedWhileBanned = "refused_while_banned"
        case worstWindows = "worst_window"
        case distinctTargets = "distinct_targets"
        case firstMilliseconds = "first_ms"
        case lastMilliseconds = "last_ms"
        case inFlight = "in_flight"
        case inFlightMax = "in_flight_max"
        case startedMicroseconds = "started_us"
    }

    /// The requests in the fullest window of any limit.
    package var worst: Int { worstWindows.map(\.worst).max() ?? 0 }

    /// Whether every window was within its limit and nobody was banned.
    package var isClean: Bool {
        violations == 0 && bans == 0 && refusedWhileBanned == 0 && worstWindows.allSatisfy { $0.worst <= $0.limit }
    }

    /// Reads the body of `/__stats`.
    package init(json: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(json)) }

    /// Reads the body of `/__log`: when each request arrived, in milliseconds from the mirror's start.
    /// - Parameter status: only those that were answered so; nil: all.
    static func milliseconds(log: [UInt8], status: Int? = nil) throws -> [Int64] {
        struct Line: Decodable {
            let ms: Int64
            let status: Int
        }
        let lines = try log.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Line.self, from: Data($0)) }
        return lines.filter { status == nil || $0.status == status }.map(\.ms)
    }
}
