/// One of the situations in which the mission is measured.
struct MissionSetting: Sendable {
    /// Its name in the figures' keys.
    var key: String
    /// Its name for people.
    var label: String
    /// How long the mirrors take to answer.
    var latency: String
    /// Whether one request is made first, and the load comes when five sixths of its window are over.
    var isStaggered = false

    static let all = [
        MissionSetting(key: "0ms", label: "answers at once", latency: "0ms"),
        MissionSetting(key: "50ms", label: "answers after 50 ms", latency: "50ms"),
        MissionSetting(key: "jitter", label: "answers after 0 to 120 ms", latency: "0ms..120ms"),
        MissionSetting(
            key: "staggered", label: "one request, then the load; 50 ms", latency: "50ms", isStaggered: true),
    ]
}
