import Sluice

/// From a request's target to what the mirrors are asked. Pure.
struct RequestTargets: Sendable {
    /// Where a target leads.
    enum Place: Sendable {
        /// To the gateway's own pages: the path in normal form.
        case management(String)
        /// To the mirrors.
        case pool(PoolTarget, CallOptions)
    }

    private let routes: RouteTable

    init(_ routes: RouteTable) { self.routes = routes }

    /// Judges a target from outside: a path, or a whole URL of `http` or `https`, whose host stands for the gateway's own.
    /// - Throws: ``Problem``: 414 for one that is too long, 400 for one that is not well formed or could leave the mirror.
    func place(of target: String) throws(Problem) -> Place {
        guard target.utf8.count <= PoolTarget.lengthLimit else {
            throw Problem(
                414, "targetTooLong",
                "the request target is \(target.utf8.count) bytes long; at most \(PoolTarget.lengthLimit) will do. Send large inputs in a body."
            )
        }
        do throws(SluiceError) {
            let target = OriginForm.of(target)
            let judged = try PoolTarget(target)
            let path = judged.text.prefix { $0 != "?" }
            if path == "/-" || path.hasPrefix("/-/") { return .management(String(path)) }
            let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
            let query = mark.map { target[target.utf8.index(after: $0)...] }
            guard let match = routes.match(path, query: query) else { return .pool(judged, CallOptions()) }
            return .pool(try PoolTarget(match.target), match.options)
        } catch {
            throw Problem(error)
        }
    }
}
