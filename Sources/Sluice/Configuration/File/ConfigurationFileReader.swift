/// Takes a file's values over into a draft; every key that it does not know is an error, since it would have no effect.
struct ConfigurationFileReader {
    let file: ConfigurationFile
    var draft: ConfigurationDraft

    init(file: ConfigurationFile, draft: ConfigurationDraft) {
        self.file = file
        self.draft = draft
    }

    /// One value with its place.
    struct Place {
        var path: String
        var node: JSONNode
    }

    /// The whole file.
    mutating func readRoot(_ root: JSONNode) throws(SluiceError) {
        for (key, place) in try members(
            of: Place(path: "", node: root),
            known: ["pool", "redis", "mirrors", "cache", "timeout", "deadline", "lease", "listen", "routes"])
        {
            switch key {
            case "pool": draft.configuration.pool = try text(place)
            case "redis": draft.configuration.redis = try text(place)
            case "listen": draft.configuration.listen = try text(place)
            case "timeout": draft.configuration.timeout = try duration(place)
            case "deadline": draft.configuration.deadline = try duration(place)
            case "lease": draft.configuration.lease = try duration(place)
            case "cache": try readCache(place)
            case "mirrors":
                for element in try elements(of: place) { draft.configuration.mirrors.append(try mirror(element)) }
            default:
                for element in try elements(of: place) { draft.configuration.routes.append(try route(element)) }
            }
        }
    }

    private mutating func readCache(_ place: Place) throws(SluiceError) {
        for (key, place) in try members(of: place, known: ["fresh", "stale", "memory"]) {
            switch key {
            case "fresh": draft.configuration.cache.fresh = try duration(place)
            case "stale": draft.configuration.cache.stale = try duration(place)
            default: draft.configuration.cache.memory = try size(place)
            }
        }
    }

    private mutating func mirror(_ place: Place) throws(SluiceError) -> MirrorConfiguration {
        var mirror = MirrorConfiguration(url: "")
        for (key, place) in try members(of: place, known: ["url", "name", "limits", "burst", "concurrency", "headers"]) {
            switch key {
            case "url": mirror.url = try text(place)
            case "name": mirror.name = try text(place)
            case "burst": mirror.burst = try count(place)
            case "concurrency": mirror.concurrency = try count(place)
            case "limits":
                for element in try elements(of: place) {
                    let text = try text(element)
                    mirror.limits.append(try at(element) { () throws(ConfigurationProblem) in try .init(parsing: text) })
                }
            default:
                for (name, place) in try members(of: place, known: nil) { mirror.headers[name] = try text(place) }
            }
        }
        guard !mirror.url.isEmpty else { throw failure("a mirror needs its “url”, such as \"https://api.example.org\"", place) }
        return mirror
    }

    private mutating func route(_ place: Place) throws(SluiceError) -> PoolConfiguration.Route {
        var route = PoolConfiguration.Route(path: "")
        for (key, place) in try members(of: place, known: ["path", "upstream", "fresh", "stale", "override"]) {
            switch key {
            case "path": route.path = try text(place)
            case "upstream": route.upstream = try text(place)
            case "fresh": route.fresh = try duration(place)
            case "override": route.overridesAnswer = try truth(place)
            default: route.stale = try duration(place)
            }
        }
        guard !route.path.isEmpty else { throw failure("a route needs its “path”, such as \"/get_todos/{id}\"", place) }
        return route
    }

    // MARK: Values

    /// An object's members that are not null, in order.
    /// - Parameter known: the keys that may stand there; nil: any.
    private mutating func members(of place: Place, known: [String]?) throws(SluiceError) -> [(key: String, place: Place)] {
        draft.note(place.path, from: .file(file, offset: place.node.offset))
        guard case .object(let members) = place.node.value else { throw wrongKind(place, "an object, { … }") }
        var found: [(key: String, place: Place)] = []
        for member in members {
            if let known, !known.contains(member.key) {
                let question = NearestName.question(member.key, among: known)
                let list = known.joined(separator: ", ")
                throw file.problem(
                    "the key “\(member.key.excerpt)” is unknown here\(question.isEmpty ? "; known" : "\(question) Known") are \(list)",
                    at: place.path, offset: member.keyOffset)
            }
            let path = place.path.isEmpty ? member.key : "\(place.path).\(member.key.excerpt)"
            draft.note(path, from: .file(file, offset: member.node.offset))
            // Null says nothing: a program that writes the file may leave a key so.
            if member.node.value != .null { found.append((member.key, Place(path: path, node: member.node))) }
        }
        return found
    }

    private mutating func elements(of place: Place) throws(SluiceError) -> [Place] {
        guard case .array(let elements) = place.node.value else { throw wrongKind(place, "a list, [ … ]") }
        return elements.enumerated().map { index, node in
            let path = "\(place.path)[\(index)]"
            draft.note(path, from: .file(file, offset: node.offset))
            return Place(path: path, node: node)
        }
    }

    private func text(_ place: Place) throws(SluiceError) -> String {
        guard case .string(let text) = place.node.value else { throw wrongKind(place, "a text in double quotes") }
        return text
    }

    private func duration(_ place: Place) throws(SluiceError) -> Duration {
        guard case .string(let text) = place.node.value else {
            throw wrongKind(place, "a text with a unit, such as \"500ms\", \"60s\" or \"10m\"")
        }
        return try at(place) { () throws(ConfigurationProblem) in try ConfigurationDraft.duration(text) }
    }

    private func truth(_ place: Place) throws(SluiceError) -> Bool {
        guard case .bool(let value) = place.node.value else { throw wrongKind(place, "true or false") }
        return value
    }

    private func count(_ place: Place) throws(SluiceError) -> Int {
        guard case .number(let text) = place.node.value, let count = Int(text), count >= 1 else {
            throw wrongKind(place, "a whole number of at least 1")
        }
        return count
    }

    private func size(_ place: Place) throws(SluiceError) -> Int {
        switch place.node.value {
        case .string(let text), .number(let text):
            return try at(place) { () throws(ConfigurationProblem) in try ByteSizeText.bytes(of: text) }
        default: throw wrongKind(place, "a size, such as \"64MiB\", or a number of bytes")
        }
    }

    // MARK: Failures

    private func at<Value>(_ place: Place, _ body: () throws(ConfigurationProblem) -> Value) throws(SluiceError) -> Value {
        do throws(ConfigurationProblem) { return try body() } catch { throw failure(error.sentence, place) }
    }

    private func wrongKind(_ place: Place, _ wanted: String) -> SluiceError {
        failure("\(place.node.kind) stands here; write \(wanted)", place)
    }

    private func failure(_ sentence: String, _ place: Place) -> SluiceError {
        file.problem(sentence, at: place.path, offset: place.node.offset)
    }
}
