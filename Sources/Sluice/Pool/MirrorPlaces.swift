import SluiceHTTP

/// Where a pool's mirrors are: tells what they call by a URL of their own by the path that the pool would ask any of them for. Pure.
package struct MirrorPlaces: Sendable {
    private struct Base: Sendable {
        let origin: Origin
        /// Begins with a slash and does not end with one; empty for the root.
        let path: String
    }

    private let bases: [Base]
    /// The base path of all of them; nil when they differ.
    private let common: String?

    init(_ urls: [String]) {
        let bases = urls.compactMap { url in (try? Origin(url: url)).map { Base(origin: $0, path: Self.path(of: url) ?? "") } }
        // Of several that a URL lies below, the longest.
        self.bases = bases.sorted { $0.path.utf8.count > $1.path.utf8.count }
        common = Set(bases.map(\.path)).count == 1 ? bases.first?.path : nil
    }

    /// The path and query, with a fragment where there was one, of what a mirror calls `reference`: a URL below a mirror's, or a path below the one
    /// base path of all. Nil for what lies elsewhere, is relative to something else, or is below no base path.
    package func path(of reference: String) -> String? {
        if reference.hasPrefix("/") {
            guard !reference.hasPrefix("//"), let common, !common.isEmpty else { return nil }
            return Self.rest(of: reference, below: common)
        }
        guard let path = Self.path(of: reference), let origin = try? Origin(url: reference) else { return nil }
        return bases.lazy.filter { $0.origin == origin }.compactMap { Self.rest(of: path, below: $0.path) }.first
    }

    /// The same for what the mirror at `url` calls so: a path without a host is one of its own.
    func path(of reference: String, at url: String) -> String? {
        guard reference.hasPrefix("/"), !reference.hasPrefix("//") else { return path(of: reference) }
        return Self.path(of: url).flatMap { Self.rest(of: reference, below: $0) }
    }

    /// What comes after the authority of an absolute URL of `http` or `https` without a login; nil for anything else.
    private static func path(of url: String) -> String? {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty, ["http:", "https:"].contains(parts[0].lowercased()) else { return nil }
        let end = parts[2].firstIndex { "/?#".contains($0) } ?? parts[2].endIndex
        return parts[2][..<end].contains("@") ? nil : String(parts[2][end...])
    }

    private static func rest(of path: String, below base: String) -> String? {
        guard path.hasPrefix(base) else { return nil }
        let rest = path.dropFirst(base.count)
        guard let first = rest.first else { return "/" }
        // Two slashes would begin with a host.
        if rest.hasPrefix("//") { return nil }
        return first == "/" ? String(rest) : "?#".contains(first) ? "/" + rest : nil
    }
}
