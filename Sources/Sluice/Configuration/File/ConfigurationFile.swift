import FoundationEssentials

/// A configuration file: JSON, as the article on configuration describes it.
struct ConfigurationFile: Sendable {
    /// As messages name it.
    let name: String
    let bytes: [UInt8]

    /// The largest file that is read, in bytes.
    static let largest = 4 << 20

    /// The bytes of the file at `path`.
    /// - Throws: `SluiceError`, a sentence that says why it cannot be read.
    static func contents(of path: String) throws(SluiceError) -> [UInt8] {
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            return Array(data)
        } catch {
            let reason =
                switch (error as? CocoaError)?.code {
                case .fileReadNoSuchFile, .fileNoSuchFile: "there is no file at “\(path.excerpt)”"
                case .fileReadNoPermission: "the file “\(path.excerpt)” may not be read by this user"
                default: "the file “\(path.excerpt)” cannot be read (\(error))"
                }
            throw SluiceError(.invalidConfiguration, "\(reason); name a JSON file")
        }
    }

    /// A problem with its place in the file: `pool.json:4:17: mirrors[1].limits[0]: …`.
    func problem(_ sentence: String, at path: String, offset: Int) -> SluiceError {
        let place = path.isEmpty ? "" : "\(path): "
        return SluiceError(
            .invalidConfiguration, "\(name.excerpt(200)):\(TextPosition(offset: offset, in: bytes)): \(place)\(sentence.excerpt(1_000))")
    }

    /// Sets what the file says.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`: no JSON, a key that is not known, a value of the wrong kind.
    func read(into draft: inout ConfigurationDraft) throws(SluiceError) {
        guard bytes.count <= Self.largest else {
            throw SluiceError(.invalidConfiguration, "\(name): the file has \(bytes.count) bytes; a configuration has at most 4MiB")
        }
        let root: JSONNode
        do throws(JSONTextError) {
            root = try JSONReader.read(bytes)
        } catch {
            throw problem("this is no JSON: \(error.reason)", at: "", offset: error.offset)
        }
        var reader = ConfigurationFileReader(file: self, draft: draft)
        try reader.readRoot(root)
        draft = reader.draft
    }
}
