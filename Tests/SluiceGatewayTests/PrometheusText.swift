/// Prometheus' text format 0.0.4, read as strictly as its specification and `promtool check metrics` want it.
struct PrometheusText {
    struct Fault: Error { let what: String }

    struct Family {
        var help = ""
        var type = ""
        /// By name and labels, as they were written.
        var samples: [String: Double] = [:]
    }

    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(what: "the last line has no end") }
        var open: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if let help = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)/) {
                let name = String(help.1)
                guard families[name] == nil else { throw Fault(what: "\(name) is introduced twice") }
                families[name] = Family(help: String(help.2))
                open = name
            } else if let type = line.wholeMatch(of: /# TYPE (\S+) (counter|gauge|histogram|summary|untyped)/) {
                guard String(type.1) == open, families[open!]?.type == "" else { throw Fault(what: "TYPE without its HELP: \(line)") }
                families[open!]!.type = String(type.2)
            } else {
                try take(line, of: open)
            }
        }
        for (name, family) in families { try check(name, family) }
    }

    /// The value of the sample with this name whose labels contain all of `labels`.
    func value(_ name: String, _ labels: String...) -> Double? {
        families.values.lazy.flatMap(\.samples).first { key, _ in
            key.prefix { $0 != "{" } == name && labels.allSatisfy { key.contains($0) }
        }?.value
    }

    private mutating func take(_ line: Substring, of open: String?) throws {
        let label = #/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"/#
        guard let sample = line.wholeMatch(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)/), let value = Double(sample.3) else {
            throw Fault(what: "no sample: \(line)")
        }
        guard let open, let family = families[open], !family.type.isEmpty else { throw Fault(what: "a sample without its TYPE: \(line)") }
        let endings = family.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard endings.contains(where: { open + $0 == sample.1 }) else { throw Fault(what: "\(line) is none of \(open)") }
        var rest = (sample.2 ?? "{}").dropFirst().dropLast()
        while !rest.isEmpty {
            guard let first = rest.prefixMatch(of: label) else { throw Fault(what: "no label: \(rest)") }
            rest = rest[first.range.upperBound...]
            if !rest.isEmpty, rest.removeFirst() != "," || rest.isEmpty { throw Fault(what: "labels are not parted: \(line)") }
        }
        let key = String(sample.1) + (sample.2 ?? "")
        guard families[open]!.samples.updateValue(value, forKey: key) == nil else { throw Fault(what: "\(key) stands twice") }
    }

    private func check(_ name: String, _ family: Family) throws {
        guard !family.type.isEmpty, family.help.hasSuffix(".") else { throw Fault(what: "\(name) has no TYPE or no proper HELP") }
        guard (family.type == "counter") == name.hasSuffix("_total") else { throw Fault(what: "\(name) is a \(family.type)") }
        guard !["_bucket", "_count", "_sum"].contains(where: name.hasSuffix) else { throw Fault(what: "\(name) ends like a histogram's") }
        guard family.type == "counter" || family.type == "histogram" else { return }
        guard family.samples.values.allSatisfy({ $0 >= 0 }) else { throw Fault(what: "\(name) counts below zero") }
        guard family.type == "histogram" else { return }
        let classes = family.samples.compactMap { key, value in
            key.firstMatch(of: /le="([^"]+)"/).map { (bound: Double($0.1) ?? .nan, count: value) }
        }.sorted { $0.bound < $1.bound }
        let counts = classes.map(\.count)
        guard classes.last?.bound == .infinity, counts == counts.sorted(), counts.last == value("\(name)_count"),
            value("\(name)_sum") != nil
        else { throw Fault(what: "\(name)'s classes: \(classes)") }
    }
}
