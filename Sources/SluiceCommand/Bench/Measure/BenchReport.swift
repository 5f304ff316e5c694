import FoundationEssentials

/// What a benchmark came to: for people, for programs, and (see `BenchChart`) for the eye.
struct BenchReport: Sendable {
    /// As it is called on the command line.
    var subject: String
    var title: String
    var rounds: Int
    var host: BenchHost
    /// Without the figures that were not measured, and without empty panels.
    private(set) var panels: [BenchPanel]
    private(set) var samples: [String: Samples]
    /// What was left out and why, and what the figures mean.
    var notes: [String]

    init(
        subject: String, title: String, rounds: Int, host: BenchHost, panels: [BenchPanel], samples: [String: Samples], notes: [String] = []
    ) {
        self.subject = subject
        self.title = title
        self.rounds = rounds
        self.host = host
        self.samples = samples
        self.notes = notes
        self.panels = panels.compactMap { panel in
            var panel = panel
            panel.figures.removeAll { samples[$0.key] == nil }
            return panel.figures.isEmpty ? nil : panel
        }
    }

    /// How many times the yardstick a figure was, round by round; nil without a yardstick.
    func ratio(of figure: BenchFigure) -> Samples? {
        guard let against = figure.against, let yardstick = samples[against] else { return nil }
        return samples[figure.key]?.ratio(to: yardstick)
    }

    /// Whether a figure reached its target; nil when it has none, or its yardstick is missing.
    func isReached(_ figure: BenchFigure) -> Bool? {
        guard let target = figure.target, let value = figure.against == nil ? samples[figure.key] : ratio(of: figure) else { return nil }
        return target.isReached(by: value.median)
    }

    /// Whether every figure that has a target reached it.
    var isEverythingReached: Bool { panels.allSatisfy { $0.figures.allSatisfy { isReached($0) != false } } }

    /// The table for people.
    var text: String {
        var parts = ["\(title) (\(host.text); median of \(rounds) \(rounds == 1 ? "round" : "rounds"))"]
        for panel in panels {
            var table = TextTable([
                (panel.title, .left), (panel.unit, .right), ("least", .right), ("most", .right), ("× yardstick", .right),
                ("wanted", .right), ("", .left),
            ])
            for figure in panel.figures {
                let samples = samples[figure.key]!
                func number(_ value: Double) -> String { BenchText.number(value, panel.places) }
                let reached = isReached(figure)
                table.add([
                    figure.label, number(samples.median), number(samples.least), number(samples.most),
                    ratio(of: figure).map { BenchText.decimal($0.median, 2) } ?? "",
                    reached == nil ? "" : figure.target?.text ?? "", reached.map { $0 ? "reached" : "missed" } ?? "",
                ])
            }
            parts.append(table.lines.joined(separator: "\n"))
        }
        parts += notes
        return parts.joined(separator: "\n\n")
    }

    /// One line of JSON.
    /// - Throws: never for finite numbers.
    func json() throws -> String {
        let rows = panels.flatMap { panel in panel.figures.map { (panel, $0) } }
        let figures = rows.map { panel, figure in
            let samples = samples[figure.key]!
            let ratio = ratio(of: figure)
            return Row(
                what: figure.key, label: figure.label, group: panel.title, unit: panel.unit, median: samples.median, least: samples.least,
                most: samples.most, rounds: samples.values, isYardstick: figure.isYardstick, yardstick: ratio == nil ? nil : figure.against,
                ratio: ratio?.median, ratioLeast: ratio?.least, ratioMost: ratio?.most,
                wanted: isReached(figure) == nil ? nil : figure.target?.text, reached: isReached(figure))
        }
        let page = Page(
            bench: subject, processors: host.processors, loadBefore: host.load.before, loadAfter: host.load.after,
            optimised: host.isOptimised, figures: figures, notes: notes)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(page), as: UTF8.self)
    }

    private struct Page: Encodable {
        let bench: String
        let processors: Int
        let loadBefore: Double
        let loadAfter: Double
        let optimised: Bool
        let figures: [Row]
        let notes: [String]
    }

    private struct Row: Encodable {
        let what: String
        let label: String
        let group: String
        let unit: String
        let median: Double
        let least: Double
        let most: Double
        let rounds: [Double]
        let isYardstick: Bool
        let yardstick: String?
        let ratio: Double?
        let ratioLeast: Double?
        let ratioMost: Double?
        let wanted: String?
        let reached: Bool?
    }
}
