import SluiceLoop

/// One route, read and checked: segments to match, and the mirrors' path to make of them.
struct RouteTemplate: Sendable {
    /// A segment of the clients' path.
    enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter
    }

    /// A piece of the mirrors' path.
    private enum Piece: Sendable {
        case text(String)
        /// The value of the parameter with this number; escaped as a query needs it, or as it stands.
        case value(Int, inQuery: Bool)
    }

    let segments: [Segment]
    let options: CallOptions
    private let pieces: [Piece]

    /// - Throws: `ConfigurationProblem`, naming the place and what would do.
    init(_ route: PoolConfiguration.Route, at place: String) throws(ConfigurationProblem) {
        func refuse(_ key: String, _ text: String, _ what: String) -> ConfigurationProblem {
            ConfigurationProblem("“\(text.excerpt(200))” \(what)", at: "\(place).\(key)")
        }
        guard route.path.hasPrefix("/"), !route.path.hasPrefix("//"), !route.path.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw refuse("path", route.path, "must begin with one slash and have no query, such as /get_todos/{id}")
        }
        var names: [String] = []
        var shape: [Substring] = []
        for segment in route.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard segment.contains("{") || segment.contains("}") else {
                shape.append(segment)
                continue
            }
            guard let name = Self.parameter(segment) else {
                throw refuse("path", route.path, "has “\(segment.excerpt)”; \(Self.expected)")
            }
            guard !names.contains(name) else {
                throw refuse("path", route.path, "has {\(name.excerpt)} twice; give each parameter a name of its own")
            }
            names.append(name)
            shape.append("{")
        }
        let model = "/" + shape.map { $0 == "{" ? "x" : String($0) }.joined(separator: "/")
        let normal: String
        do throws(SluiceError) { normal = try PoolTarget(model).text } catch {
            throw refuse("path", route.path, "is no path: \(error.message)")
        }
        guard normal != "/-", !normal.hasPrefix("/-/") else {
            throw refuse("path", route.path, "is below /-/, where the gateway's own pages are; choose another path")
        }
        segments = zip(shape, normal.split(separator: "/", omittingEmptySubsequences: false).dropFirst())
            .map { $0 == "{" ? .parameter : .literal(String($1)) }
        let upstream = route.upstream ?? route.path
        pieces = try Self.pieces(upstream, names) { refuse("upstream", upstream, $0) }
        options = try Self.options(of: route, at: place)
        do throws(SluiceError) {
            _ = try PoolTarget(target(names.map { _ in "x" }, query: nil))
        } catch {
            throw refuse("upstream", upstream, "is no path: \(error.message)")
        }
    }

    private static func options(of route: PoolConfiguration.Route, at place: String) throws(ConfigurationProblem) -> CallOptions {
        for (key, span) in [("fresh", route.fresh), ("stale", route.stale)] {
            guard let span, span < .zero || span > .seconds(31_536_000) else { continue }
            throw ConfigurationProblem("\(span.text) is out of bounds; give between 0s and 365d", at: "\(place).\(key)")
        }
        if route.overridesAnswer, route.fresh == nil, route.stale == nil {
            throw ConfigurationProblem(
                "it overrides nothing; give “fresh”, “stale” or both beside it, such as \"fresh\": \"30s\"", at: "\(place).override")
        }
        return CallOptions(fresh: route.fresh, stale: route.stale, overridesAnswer: route.overridesAnswer)
    }

    /// The mirrors' target for a request that matched.
    /// - Parameters:
    ///   - values: those of the parameters, in order, percent-encoded in normal form: they stay so, and cannot become more than one segment.
    ///   - query: the request's own query; it goes behind that of the template.
    func target(_ values: [Substring], query: Substring?) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let literal): text += literal
            case .value(let index, inQuery: false): text += values[index]
            case .value(let index, inQuery: true): text += Self.escapedForQuery(values[index])
            }
        }
        guard let query, !query.isEmpty else { return text }
        return text + (text.contains("?") ? "&" : "?") + query
    }

    private static let expected = "a parameter is a whole segment in braces, its name letters, digits and “_” only, such as {post_id}"

    private static func parameter(_ segment: Substring) -> String? {
        guard segment.hasPrefix("{"), segment.hasSuffix("}"), segment.utf8.count > 2 else { return nil }
        let name = segment.dropFirst().dropLast()
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || isLetterOrDigit($0) } ? String(name) : nil
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private static func pieces(
        _ upstream: String, _ names: [String], _ refuse: (String) -> ConfigurationProblem
    ) throws(ConfigurationProblem) -> [Piece] {
        var pieces: [Piece] = []
        var rest = upstream[...]
        var inQuery = false
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            let literal = rest[..<brace]
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}"), let name = parameter(rest[brace...end]) else {
                throw refuse("has a brace that belongs to no parameter; write {name}, or %7B for the brace itself")
            }
            guard let index = names.firstIndex(of: name) else {
                throw refuse("needs {\(name)}, which its path does not have")
            }
            if !literal.isEmpty { pieces.append(.text(String(literal))) }
            inQuery = inQuery || literal.contains("?")
            pieces.append(.value(index, inQuery: inQuery))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }

    /// A path's `&`, `=`, `+` and `;` would say something else in a query.
    private static func escapedForQuery(_ value: Substring) -> String {
        var result = ""
        for character in value {
            switch character {
            case "&": result += "%26"
            case "=": result += "%3D"
            case "+": result += "%2B"
            case ";": result += "%3B"
            default: result.append(character)
            }
        }
        return result
    }
}
