/// A benchmark's report as a picture: a panel for each unit, a bar for each figure, our own in colour, with the rounds' spread.
struct BenchChart: Sendable {
    private enum Measure {
        static let width = 960.0
        static let margin = 32.0
        static let head = 84.0
        static let row = 28.0
        static let bar = 14.0
        static let panelHead = 44.0
        static let panelFoot = 14.0
        static let gap = 18.0
        static let barStart = 292.0
        static let barEnd = 690.0
        static let note = 18.0
        /// Room for a number beside its bar.
        static let value = 72.0
    }

    private let report: BenchReport

    init(_ report: BenchReport) { self.report = report }

    /// The file.
    var svg: String {
        var drawing = SVGText()
        var y = Measure.head
        let panelHeights = report.panels.map { Measure.panelHead + Double($0.figures.count) * Measure.row + Measure.panelFoot }
        let notes = [report.host.text + "; median of \(report.rounds), whiskers from the least to the most"] + report.notes
        let lines = notes.flatMap { Self.wrapped($0) }
        let height = Measure.head + panelHeights.reduce(0) { $0 + $1 + Measure.gap } + Double(lines.count) * Measure.note + Measure.margin
        drawing.box(x: 0, y: 0, width: Measure.width, height: height, class: "page")
        drawing.box(x: Measure.margin, y: 30, width: 5, height: 30, radius: 2.5, class: "ours")
        drawing.text(report.title, x: Measure.margin + 18, y: 46, class: "title")
        drawing.text("sluice bench \(report.subject)", x: Measure.margin + 18, y: 63, class: "small")
        legend(&drawing)
        for (panel, height) in zip(report.panels, panelHeights) {
            draw(panel, at: y, height: height, on: &drawing)
            y += height + Measure.gap
        }
        for line in lines {
            drawing.text(line, x: Measure.margin, y: y + 8, class: "small")
            y += Measure.note
        }
        return drawing.page(width: Measure.width, height: height, title: report.title, style: Self.style)
    }

    private func legend(_ drawing: inout SVGText) {
        let right = Measure.width - Measure.margin
        drawing.text("yardstick", x: right, y: 50, class: "small", anchor: "end")
        drawing.box(x: right - 70, y: 41, width: 12, height: 10, radius: 3, class: "yardstick")
        drawing.text("sluice", x: right - 84, y: 50, class: "small", anchor: "end")
        drawing.box(x: right - 135, y: 41, width: 12, height: 10, radius: 3, class: "ours")
        drawing.text("wanted", x: right - 150, y: 50, class: "small", anchor: "end")
        drawing.line(from: (right - 203, 38), to: (right - 203, 54), class: "goal")
    }

    private func draw(_ panel: BenchPanel, at top: Double, height: Double, on drawing: inout SVGText) {
        let right = Measure.width - Measure.margin
        drawing.box(x: Measure.margin, y: top, width: right - Measure.margin, height: height, radius: 10, class: "card")
        drawing.text(panel.title, x: Measure.margin + 18, y: top + 27, class: "heading")
        drawing.text(
            panel.unit + (panel.lessIsBetter ? ", less is better" : ", more is better"), x: right - 18, y: top + 27, class: "small",
            anchor: "end")
        let goals = panel.figures.map { goal(of: $0) }
        let largest = max(panel.figures.map { report.samples[$0.key]!.most }.max() ?? 0, goals.compactMap { $0 }.max() ?? 0)
        let scale = largest > 0 ? (Measure.barEnd - Measure.barStart) / largest : 0
        for (index, figure) in panel.figures.enumerated() {
            let samples = report.samples[figure.key]!
            let middle = top + Measure.panelHead + (Double(index) + 0.5) * Measure.row
            func x(_ value: Double) -> Double { Measure.barStart + max(0, value) * scale }
            drawing.text(figure.label, x: Measure.barStart - 14, y: middle + 4.5, class: "label", anchor: "end")
            drawing.box(
                x: Measure.barStart, y: middle - Measure.bar / 2, width: max(2, x(samples.median) - Measure.barStart),
                height: Measure.bar, radius: 4, class: figure.isYardstick ? "yardstick" : "ours")
            drawing.line(from: (x(samples.least), middle), to: (x(samples.most), middle), class: "spread")
            for end in [samples.least, samples.most] {
                drawing.line(from: (x(end), middle - 3.5), to: (x(end), middle + 3.5), class: "spread")
            }
            if let goal = goals[index] {
                drawing.line(from: (x(goal), middle - 10), to: (x(goal), middle + 10), class: "goal")
            }
            var end = x(samples.most)
            // Behind the goal where the number would cover it.
            if let goal = goals[index].map(x), goal > end - 4, goal < end + Measure.value { end = goal }
            drawing.text(BenchText.number(samples.median, panel.places), x: end + 9, y: middle + 4.5, class: "value")
            verdict(on: figure, at: middle, right: right - 18, &drawing)
        }
    }

    /// At the right: how many times the yardstick, and what was wanted.
    private func verdict(on figure: BenchFigure, at middle: Double, right: Double, _ drawing: inout SVGText) {
        let ratio = report.ratio(of: figure)
        let reached = report.isReached(figure)
        if let target = figure.target, let reached {
            drawing.text(target.text, x: right, y: middle + 4.5, class: reached ? "reached" : "missed", anchor: "end")
        }
        if let ratio {
            drawing.text("× \(BenchText.decimal(ratio.median, 2))", x: right - 62, y: middle + 4.5, class: "ratio", anchor: "end")
        }
    }

    /// The value that a figure should reach, in its own unit.
    private func goal(of figure: BenchFigure) -> Double? {
        guard let target = figure.target else { return nil }
        guard let against = figure.against else { return target.bound }
        return report.samples[against].map { $0.median * target.bound }
    }

    private static func wrapped(_ text: String) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + word.count > 138 { lines.append("") }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
        }
        return lines
    }

    private static let style = """
        text { font-family: system-ui, -apple-system, "Segoe UI", Inter, "DejaVu Sans", sans-serif; fill: #1e293b; }
        .page { fill: #f8fafc; } .card { fill: #ffffff; stroke: #e2e8f0; }
        .title { font-size: 19px; font-weight: 650; } .heading { font-size: 14px; font-weight: 600; }
        .label { font-size: 12.5px; fill: #334155; } .small { font-size: 11.5px; fill: #64748b; }
        .value { font-size: 12.5px; font-weight: 600; } .ratio { font-size: 12.5px; fill: #475569; }
        .reached { font-size: 12.5px; font-weight: 600; fill: #0f766e; } .missed { font-size: 12.5px; font-weight: 600; fill: #b45309; }
        .ours { fill: #0d9488; } .yardstick { fill: #cbd5e1; }
        .spread { stroke: #0f172a; stroke-opacity: 0.55; stroke-width: 1.2; } .goal { stroke: #b45309; stroke-width: 2; stroke-dasharray: 3 2; }
        """
}
