public import FoundationEssentials

extension PoolConfiguration {
    /// The configuration that the environment describes: the `SLUICE_…` variables, and the file that `SLUICE_CONFIG` names.
    /// A variable wins over the file. See the article on configuration for all of them.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the place, what is wrong there and what would do.
    public static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SluiceError) -> PoolConfiguration {
        try read(environment: environment)
    }

    /// The configuration that flags, environment and file describe; flags win, then the environment, then the file.
    /// - Parameters:
    ///   - flags: in the order given, without dashes; names that are no setting are passed over. Of one given twice the last
    ///     counts, except for `mirror`, which adds up.
    ///   - environment: an empty variable counts as absent.
    ///   - file: reads the file at a path; throws a sentence when it cannot.
    ///   - needsMirrors: false for what only talks to Redis.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the place, what is wrong there and what would do.
    package static func read(
        flags: [(name: String, value: String)] = [], environment: [String: String], needsMirrors: Bool = true,
        file: (String) throws(SluiceError) -> [UInt8] = readFile
    ) throws(SluiceError) -> PoolConfiguration {
        var draft = ConfigurationDraft()
        let named = flags.last { $0.name == PoolSetting.fileFlag }?.value
        let place = named == nil ? PoolSetting.fileVariable : "--\(PoolSetting.fileFlag)"
        if named == "" { throw ConfigurationProblem("it names no file; give the path of a JSON file, or leave it out", at: place).error }
        if let path = named ?? environment[PoolSetting.fileVariable], !path.isEmpty {
            let bytes: [UInt8]
            do throws(SluiceError) {
                bytes = try file(path)
            } catch {
                throw ConfigurationProblem(error.message, at: place).error
            }
            try ConfigurationFile(name: path, bytes: bytes).read(into: &draft)
        }
        for setting in PoolSetting.allCases {
            let given = flags.filter { $0.name == setting.flag }.map(\.value)
            if !given.isEmpty {
                try draft.set(setting, to: given, from: "--\(setting.flag)")
            } else if let text = environment[setting.variable], !text.allSatisfy(\.isWhitespace) {
                // A newline parts mirrors as well as a blank: a YAML block of them is pleasant to read.
                let texts = setting == .mirrors ? text.split(whereSeparator: \.isWhitespace).map(String.init) : [text]
                try draft.set(setting, to: texts, from: setting.variable)
            }
        }
        return try draft.finished(needsMirrors: needsMirrors)
    }

    /// The bytes of the file at a path.
    /// - Throws: `SluiceError`, a sentence that says why it cannot be read.
    package static func readFile(_ path: String) throws(SluiceError) -> [UInt8] {
        try FileBytes.read(path, limit: ConfigurationFile.largest + 1)
    }

    /// Variables that are no setting of a pool, but of the gateway that `sluice serve` is.
    private static let gatewayVariables = ["SLUICE_ACCESS_LOG", "SLUICE_MANAGEMENT_TOKEN"]

    /// Variables that look like a slip of the pen for one of ours, each with the right name. Others that begin with `SLUICE_`
    /// are none of our business: container platforms set `SLUICE_PORT` and the like for a service of this name.
    package static func slips(in environment: [String: String]) -> [(written: String, meant: String)] {
        let known = PoolSetting.allCases.map(\.variable) + [PoolSetting.fileVariable] + gatewayVariables
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("SLUICE_"), !known.contains(name), !name.hasPrefix("SLUICE_PORT") else { return nil }
            let suffixes = Dictionary(known.map { (String($0.dropFirst(7)), $0) }) { first, _ in first }
            let written = String(name.dropFirst(7))
            let begun = suffixes.keys.filter { $0.hasPrefix("\(written)_") }
            let meant = begun.count == 1 ? begun[0] : NearestName.of(written, among: suffixes.keys.sorted())
            return meant.map { (name, suffixes[$0]!) }
        }
    }
}
