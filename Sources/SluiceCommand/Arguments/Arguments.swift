import Sluice
import SluiceLoop

/// A subcommand's words, sorted into options and operands.
struct Arguments: Sendable {
    /// The options in the order given, by their long names; a switch has an empty value.
    private(set) var options: [(name: String, value: String)] = []
    /// The words that are no options, in order.
    private(set) var operands: [String] = []

    /// The value of an option; of several the last.
    func value(_ name: String) -> String? { options.last { $0.name == name }?.value }

    /// The values of an option that may be repeated, in order.
    func values(_ name: String) -> [String] { options.filter { $0.name == name }.map(\.value) }

    /// Whether a switch was given.
    func has(_ name: String) -> Bool { options.contains { $0.name == name } }

    /// The value of an option that is a whole number.
    /// - Throws: `UsageError` that names the option and its bounds.
    func count(_ name: String, in bounds: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = value(name) else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text), bounds.contains(count) else {
            throw UsageError("--\(name): “\(text)” is out of bounds; give a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return count
    }

    /// The value of an option that is a span of time, up to an hour.
    /// - Throws: `UsageError` that names the option and what would do.
    func time(_ name: String) throws(UsageError) -> Duration? {
        guard let text = value(name) else { return nil }
        let time: Duration
        do throws(DurationTextError) { time = try Duration(text: text) } catch { throw UsageError("--\(name): \(error)") }
        guard time <= .seconds(3_600) else { throw UsageError("--\(name): \(text) is out of bounds; give at most 1h") }
        return time
    }

    /// Reads `--name value`, `--name=value`, `-v`, `-vj` and operands, mixed in any order; after `--` all are operands.
    /// - Returns: nil when help is asked for.
    /// - Throws: `UsageError` for an option that is not known, a value that is missing or too much, a wrong number of operands.
    static func read(_ words: [String], for manual: Manual) throws(UsageError) -> Arguments? {
        var arguments = Arguments()
        if manual.takesWordsAsTheyAre {
            arguments.operands = words
            return arguments
        }
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                arguments.operands += rest
                break
            }
            if word == "--help" || word == "-h" { return nil }
            if word.hasPrefix("--") {
                let sides = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                try arguments.take(String(sides[0]), value: sides.count > 1 ? String(sides[1]) : nil, from: &rest, manual)
            } else if word.hasPrefix("-"), word != "-" {
                for letter in word.dropFirst() {
                    guard let option = manual.options.first(where: { $0.letter == letter }) else {
                        throw UsageError("there is no option -\(letter)")
                    }
                    try arguments.take(option.name, value: nil, from: &rest, manual)
                }
            } else {
                arguments.operands.append(word)
            }
        }
        try arguments.checkOperands(manual)
        return arguments
    }

    private mutating func take(
        _ name: String, value: String?, from rest: inout ArraySlice<String>, _ manual: Manual
    ) throws(UsageError) {
        guard let option = manual.options.first(where: { $0.name == name }) else {
            let question = NearestName.question("--\(name)", among: manual.options.map { "--\($0.name)" } + ["--help"])
            throw UsageError("there is no option --\(name)\(question)")
        }
        guard let wanted = option.value else {
            guard value == nil else { throw UsageError("--\(name) is a switch; leave “=\(value!)” away") }
            options.append((name, ""))
            return
        }
        guard let value = value ?? rest.popFirst() else { throw UsageError("--\(name) needs a value: --\(name) \(wanted)") }
        options.append((name, value))
    }

    private func checkOperands(_ manual: Manual) throws(UsageError) {
        if operands.count > manual.operandCount.upperBound {
            let surplus = operands[manual.operandCount.upperBound]
            throw UsageError("“\(surplus)” is one word too many; the form is: sluice \(manual.name) \(manual.synopsis)")
        }
        if operands.count < manual.operandCount.lowerBound {
            let missing = manual.operands.first?.name ?? "a word"
            throw UsageError("\(missing) is missing; the form is: sluice \(manual.name) \(manual.synopsis)")
        }
    }
}
