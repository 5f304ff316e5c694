/// What one subcommand accepts and what its help says: one table for the argument parser and for the reader.
struct Manual: Sendable {
    /// An option of a subcommand.
    struct Option: Sendable {
        /// Without dashes: `verbose`.
        var name: String
        /// The one letter that stands for it; nil: none.
        var letter: Character?
        /// What its value is called; nil: it is a switch, without one.
        var value: String?
        /// Whether every one of several counts; else the last does.
        var isRepeatable = false
        /// What it does, with units and bounds.
        var purpose: String
        /// What holds when it is not given; nil: nothing to be said.
        var standard: String?
        /// The environment variable that says the same; nil: none.
        var variable: String?
    }

    /// Options under one heading.
    struct Group: Sendable {
        var title: String
        var options: [Option]
    }

    /// As it is called.
    var name: String
    /// What it does, in a line.
    var summary: String
    /// The command line, without `sluice` and the name: `[options] PATH…`.
    var synopsis: String
    /// What the words without dashes are; empty: there may be none.
    var operands: [(name: String, purpose: String)] = []
    /// How many words without dashes there may be.
    var operandCount: ClosedRange<Int> = 0...0
    /// Whether all words are operands, dashes or not, without help: for what another part of the program has written.
    var takesWordsAsTheyAre = false
    /// The options, `--help` excepted.
    var groups: [Group] = []
    /// More to know, a paragraph each.
    var notes: [String] = []
    /// What the exit status says, besides 2 for usage.
    var statuses: [(status: ExitStatus, meaning: String)]
    /// Command lines that work, without `sluice`.
    var examples: [String] = []
    /// Not listed by `sluice --help`.
    var isHidden = false

    /// All options, `--help` excepted.
    var options: [Option] { groups.flatMap(\.options) }
}

extension Manual {
    /// The help.
    var text: String {
        var page = HelpPage()
        page.paragraph("sluice \(name): \(summary)")
        page.paragraph("Usage: sluice \(name) \(synopsis)")
        if !operands.isEmpty { page.list(nil, operands.map { ($0.name, $0.purpose) }) }
        for group in groups { page.list(group.title, group.options.map { ($0.call, $0.explanation) }) }
        page.list("Help", [("-h, --help", "this help")])
        for note in notes { page.paragraph(note) }
        page.list(
            "Exit status",
            statuses.map { ("\($0.status.rawValue)", $0.meaning) } + [("2", "the command line or the configuration makes no sense")])
        if !examples.isEmpty { page.list("Examples", examples.map { ("sluice \($0)", "") }) }
        return page.text
    }
}

extension Manual.Option {
    /// `-v, --verbose` or `--mirror URL[,…]`.
    fileprivate var call: String {
        (letter.map { "-\($0), " } ?? "") + "--\(name)" + (value.map { " \($0)" } ?? "")
    }

    fileprivate var explanation: String {
        var aside: [String] = []
        if let standard { aside.append("default: \(standard)") }
        if let variable { aside.append(variable) }
        return aside.isEmpty ? purpose : "\(purpose) [\(aside.joined(separator: "; "))]"
    }
}
