/// All routes, as a tree of segments: what is literal wins over a parameter, from left to right.
package struct RouteTable: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var template: RouteTemplate?
    }

    private var nodes = [Node()]

    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the route and what would do; also where two routes match the same.
    package init(_ routes: [PoolConfiguration.Route]) throws(SluiceError) {
        do throws(ConfigurationProblem) { try self.init(checking: routes) } catch { throw error.error }
    }

    init(checking routes: [PoolConfiguration.Route]) throws(ConfigurationProblem) {
        for (index, route) in routes.enumerated() {
            let place = "routes[\(index)]"
            let template = try RouteTemplate(route, at: place)
            var node = 0
            for segment in template.segments { node = child(of: node, segment) }
            guard nodes[node].template == nil else {
                throw ConfigurationProblem(
                    "“\(route.path.excerpt)” matches the same paths as a route before it; remove one of the two", at: "\(place).path")
            }
            nodes[node].template = template
        }
    }

    /// What the mirrors are asked for a path in its normal form and a query as it was written, with the options of its route; nil when no route
    /// matches.
    package func match(_ path: Substring, query: Substring?) -> (target: String, options: CallOptions)? {
        guard nodes.count > 1 else { return nil }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var values: [Substring] = []
        guard let template = find(segments[...], from: 0, &values) else { return nil }
        return (template.target(values, query: query), template.options)
    }

    private func find(_ segments: ArraySlice<Substring>, from node: Int, _ values: inout [Substring]) -> RouteTemplate? {
        guard let segment = segments.first else { return nodes[node].template }
        if let next = nodes[node].literals[String(segment)], let found = find(segments.dropFirst(), from: next, &values) { return found }
        guard let next = nodes[node].parameter, !segment.isEmpty else { return nil }
        values.append(segment)
        if let found = find(segments.dropFirst(), from: next, &values) { return found }
        values.removeLast()
        return nil
    }

    private mutating func child(of node: Int, _ segment: RouteTemplate.Segment) -> Int {
        switch segment {
        case .literal(let text):
            if let next = nodes[node].literals[text] { return next }
            nodes[node].literals[text] = nodes.count
        case .parameter:
            if let next = nodes[node].parameter { return next }
            nodes[node].parameter = nodes.count
        }
        nodes.append(Node())
        return nodes.count - 1
    }
}
