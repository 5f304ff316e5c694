/// One subcommand of `sluice`: what its help says, how its arguments are read, and what it does.
protocol Command: Sendable {
    /// Its help, which is also the list of what the argument parser accepts.
    static var manual: Manual { get }

    /// Takes the arguments over.
    /// - Parameter environment: the process's variables.
    /// - Throws: `UsageError`, or `SluiceError` with code `.invalidConfiguration`; both end the command with status 2.
    init(_ arguments: Arguments, environment: [String: String]) throws

    /// Does it. Results go to the console's output, everything else to its errors.
    /// - Returns: how the command ends.
    /// - Throws: what ends the command with status 1, or 2 for a `UsageError` or `.invalidConfiguration`; it is told on standard error.
    func run(_ console: Console) async throws -> ExitStatus
}

/// How the process ends.
enum ExitStatus: Int32, Sendable {
    /// What was asked for was done.
    case success = 0
    /// It was not, or only in part.
    case failure = 1
    /// It cannot be: the command line or the configuration makes no sense.
    case usage = 2
}

/// A command line that makes no sense. The sentence names the argument and says what would do.
struct UsageError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and what would do.
    let description: String

    init(_ sentence: String) { description = sentence }
}
