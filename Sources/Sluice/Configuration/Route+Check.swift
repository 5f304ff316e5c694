extension PoolConfiguration.Route {
    /// Checks that both sides are paths whose braces fill whole segments, and that the upstream side asks for nothing that the
    /// client's side does not give.
    func check(at place: String) throws(ConfigurationProblem) {
        let given = try Self.names(in: path, at: "\(place).path")
        if let upstream {
            for name in try Self.names(in: upstream, at: "\(place).upstream") where !given.contains(name) {
                throw ConfigurationProblem(
                    "{\(name.excerpt)} stands in “\(upstream.excerpt)” but not in “\(path.excerpt)”; use the same names on both sides",
                    at: "\(place).upstream")
            }
        }
        if overridesAnswer, fresh == nil, stale == nil {
            throw ConfigurationProblem(
                "it overrides nothing; give “fresh”, “stale” or both beside it, such as \"fresh\": \"30s\"", at: "\(place).override")
        }
        for (name, time) in [("fresh", fresh), ("stale", stale)] {
            if let time, time < .zero || time > .seconds(31_536_000) {
                throw ConfigurationProblem("it is out of bounds; give between 0s and 365d", at: "\(place).\(name)")
            }
        }
    }

    private static func names(in template: String, at place: String) throws(ConfigurationProblem) -> [String] {
        func failure(_ reason: String) -> ConfigurationProblem {
            ConfigurationProblem("“\(template.excerpt)” \(reason); write it as /todos/{id}", at: place)
        }
        guard template.hasPrefix("/"), !template.hasPrefix("//") else { throw failure("does not begin with one slash") }
        guard template.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw failure("holds blanks or letters that are not ASCII") }
        guard !template.contains(where: { $0 == "?" || $0 == "#" }) else { throw failure("has a query or a fragment") }
        var names: [String] = []
        for segment in template.split(separator: "/") where segment.contains(where: { $0 == "{" || $0 == "}" }) {
            let name = segment.dropFirst().dropLast()
            guard segment.first == "{", segment.last == "}", !name.isEmpty, !name.contains(where: { $0 == "{" || $0 == "}" }) else {
                throw failure("has braces that do not fill a whole segment")
            }
            guard !names.contains(String(name)) else { throw failure("has {\(name)} twice") }
            names.append(String(name))
        }
        return names
    }
}
