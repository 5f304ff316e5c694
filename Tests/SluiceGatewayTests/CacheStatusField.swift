/// `Cache-Status`, parsed as strictly as RFC 8941 (structured fields) and RFC 9211 want it: one member, a token, with its parameters.
struct CacheStatusField: Hashable {
    enum Value: Hashable {
        case yes
        case integer(Int)
        case token(String)
    }

    struct Fault: Error { let what: String }

    var cache = ""
    var parameters: [String: Value] = [:]

    init(_ text: String?) throws {
        guard let text else { throw Fault(what: "there is no Cache-Status") }
        var pieces = text.split(separator: ";", omittingEmptySubsequences: false)
        cache = String(pieces.removeFirst())
        guard Self.isToken(cache) else { throw Fault(what: "\(cache) is no token") }
        for piece in pieces {
            guard piece.first == " ", piece.dropFirst().first != " " else { throw Fault(what: "blanks in \(text)") }
            let sides = piece.dropFirst().split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(sides[0])
            guard name.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz-_.*0123456789".utf8.contains($0) }), !name.isEmpty else {
                throw Fault(what: "\(name) is no key")
            }
            guard parameters[name] == nil else { throw Fault(what: "\(name) stands twice") }
            if sides.count == 1 {
                parameters[name] = .yes
            } else if let number = Int(sides[1]), sides[1].first != "+" {
                parameters[name] = .integer(number)
            } else {
                guard Self.isToken(String(sides[1])) else { throw Fault(what: "\(sides[1]) is no token") }
                parameters[name] = .token(String(sides[1]))
            }
        }
        try check()
    }

    /// The rules between parameters.
    private func check() throws {
        guard cache == "sluice" else { throw Fault(what: "the cache is \(cache)") }
        guard isHit != (forward != nil) else { throw Fault(what: "exactly one of hit and fwd is said: \(parameters)") }
        let types: [String: (Value) -> Bool] = [
            "hit": { $0 == .yes }, "stored": { $0 == .yes }, "collapsed": { $0 == .yes },
            "ttl": { if case .integer = $0 { true } else { false } },
            "fwd-status": { if case .integer(let code) = $0 { (100...599).contains(code) } else { false } },
            "fwd": { if case .token(let why) = $0 { ["uri-miss", "stale", "method"].contains(why) } else { false } },
            "detail": { if case .token(let place) = $0 { ["memory", "redis", "mirror"].contains(place) } else { false } },
        ]
        for (name, value) in parameters {
            guard let type = types[name], type(value) else { throw Fault(what: "\(name) = \(value)") }
            guard forward != nil || !["stored", "collapsed", "fwd-status"].contains(name) else { throw Fault(what: "\(name) needs fwd") }
        }
    }

    var isHit: Bool { parameters["hit"] != nil }
    var isStored: Bool { parameters["stored"] != nil }
    var isCollapsed: Bool { parameters["collapsed"] != nil }
    var ttl: Int? { if case .integer(let seconds) = parameters["ttl"] { seconds } else { nil } }
    var forwardStatus: Int? { if case .integer(let code) = parameters["fwd-status"] { code } else { nil } }
    var forward: String? { if case .token(let why) = parameters["fwd"] { why } else { nil } }
    var detail: String? { if case .token(let place) = parameters["detail"] { place } else { nil } }

    private static func isToken(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first) || first == 0x2A else {
            return false
        }
        return text.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x3A) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "!#$%&'*+-.^_`|~/".utf8.contains($0)
        }
    }
}
