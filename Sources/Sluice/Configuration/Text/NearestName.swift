/// Finds what somebody probably meant to write.
package enum NearestName {
    /// The known name that is nearest to `name`, when it is near enough to be a slip: at most a third of the letters are
    /// wrong, missing, surplus or swapped (the optimal string alignment distance), upper and lower case being the same.
    package static func of(_ name: String, among known: some Sequence<String>) -> String? {
        let written = Array(name.lowercased().utf8.prefix(64))
        var best: (name: String, distance: Int)?
        for candidate in known {
            let wanted = Array(candidate.lowercased().utf8)
            let distance = distance(written, wanted)
            guard distance <= max(1, max(written.count, wanted.count) / 3), distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// `; did you mean “mirrors”?`, or nothing when no known name is near.
    package static func question(_ name: String, among known: some Sequence<String>) -> String {
        of(name, among: known).map { "; did you mean “\($0)”?" } ?? ""
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                let isSame = left[i] == right[j]
                var cost = min(last[j] + (isSame ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
