/// What versions are told in: `KEY=VERSION KEY=VERSION …`.
enum VersionLine {
    static func text(_ versions: [String: Int]) -> String { versions.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ") }

    static func versions(_ text: some StringProtocol) -> [String: Int] {
        var versions: [String: Int] = [:]
        for pair in text.split(separator: " ") {
            let parts = pair.split(separator: "=")
            if parts.count == 2, let version = Int(parts[1]) { versions[String(parts[0])] = version }
        }
        return versions
    }
}
