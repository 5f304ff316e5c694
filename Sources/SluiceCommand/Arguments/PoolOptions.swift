import FoundationEssentials
import Sluice

/// The settings of a pool as options of a subcommand.
enum PoolOptions {
    /// Under one heading of a help text.
    static func group(_ settings: [PoolSetting]) -> Manual.Group {
        let file = Manual.Option(
            name: PoolSetting.fileFlag, value: "FILE", purpose: "a JSON file with any of these settings, and with routes and headers",
            variable: PoolSetting.fileVariable)
        return Manual.Group(
            title: "The pool (an option wins over its environment variable, that over the file)",
            options: [file]
                + settings.map {
                    Manual.Option(
                        name: $0.flag, value: $0.valueName, isRepeatable: $0 == .mirrors, purpose: $0.purpose, standard: $0.defaultText,
                        variable: $0.variable)
                })
    }

    /// What all commands that call through a pool take: everything but where the gateway listens.
    static let calling = PoolSetting.allCases.filter { $0 != .listen }

    /// The configuration that options, environment and file describe.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`.
    static func configuration(
        _ arguments: Arguments, environment: [String: String], needsMirrors: Bool = true
    ) throws -> PoolConfiguration {
        try PoolConfiguration.read(flags: arguments.options, environment: environment, needsMirrors: needsMirrors)
    }
}
