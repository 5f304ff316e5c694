/// A setting that cannot be used: where it stands within a configuration, what is wrong with it, what would do.
struct ConfigurationProblem: Error, Hashable, Sendable {
    /// The setting by its place in the configuration file: `mirrors[1].limits[0]`; empty where the caller knows it.
    var path: String
    /// What is wrong, and what would do.
    var sentence: String

    init(_ sentence: String, at path: String = "") {
        self.path = path
        // Sentences of other modules quote what was written, whatever it was; a message stays one line of bounded length.
        self.sentence = sentence.excerpt(1_000)
    }

    /// As callers of the library see it.
    var error: SluiceError { SluiceError(.invalidConfiguration, path.isEmpty ? sentence : "\(path): \(sentence)") }
}

extension StringProtocol {
    /// The text on one line: its first 80 characters, blanks for control characters.
    var excerpt: String { excerpt(80) }

    /// The text on one line: its first so many Unicode scalars, blanks for control characters.
    func excerpt(_ length: Int) -> String {
        let start = unicodeScalars.prefix(length)
        let shown = String(String.UnicodeScalarView(start.map { $0.properties.generalCategory == .control ? " " : $0 }))
        return start.endIndex < unicodeScalars.endIndex ? shown + "…" : shown
    }
}
