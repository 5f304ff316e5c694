/// A configuration file: JSON, as the article on configuration describes it.
struct ConfigurationFile: Sendable {
    /// As messages name it.
    let name: String
    let bytes: [UInt8]

    /// The largest file that is read, in bytes.
    static let largest = 4 << 20

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
            throw SluiceError(.invalidConfiguration, "\(name): the file has more than 4MiB; a configuration has at most that")
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
