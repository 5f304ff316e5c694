/// A setting that cannot be used: where it stands within a configuration, what is wrong with it, what would do.
struct ConfigurationProblem: Error, Hashable, Sendable {
    /// The setting by its place in the configuration file: `mirrors[1].limits[0]`; empty where the caller knows it.
    var path: String
    /// What is wrong, and what would do.
    var sentence: String

    init(_ sentence: String, at path: String = "") {
        self.path = path
        self.sentence = sentence
    }

    /// As callers of the library see it.
    var error: SluiceError { SluiceError(.invalidConfiguration, path.isEmpty ? sentence : "\(path): \(sentence)") }
}

extension StringProtocol {
    /// The text itself when it is short and can be shown on one line; else its beginning, without control characters.
    var excerpt: String {
        let shown = String(String.UnicodeScalarView(unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? " " : $0 }))
        return shown.unicodeScalars.count < unicodeScalars.count ? shown + "…" : shown
    }
}
