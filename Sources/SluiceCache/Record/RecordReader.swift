internal import SluiceRedis

/// Reads a record from the fields of its hash in Redis, in place: only what a record keeps as a text is made into one.
struct RecordReader {
    /// A field that a record cannot do without is missing, or one holds what it must not.
    struct Mangled: Error {}

    private let fields: [(name: [UInt8], value: [UInt8])]

    init(_ fields: [(name: [UInt8], value: [UInt8])]) { self.fields = fields }

    /// - Parameter bodyLimit: the largest body in bytes that a compressed one may become.
    func record(bodyLimit: Int) throws(Mangled) -> CacheRecord {
        guard let format = bytes("format"), format.elementsEqual(RecordFields.format.utf8), let stored = bytes("body") else {
            throw Mangled()
        }
        let version = try text("version")
        guard !version.isEmpty else { throw Mangled() }
        let status = Int(try number("status", in: 100...599))
        let (storedAt, age, held) = (try number("stored_ms"), try number("age_ms"), try number("held_ms", orElse: 0))
        let (fresh, refresh) = (try number("fresh_until_ms"), try number("refresh_until_ms"))
        let (stale, purges) = (try number("stale_until_ms"), try number("purges", orElse: 0))
        var body = stored
        var digest: String?
        if let encoding = bytes("encoding") {
            guard encoding.elementsEqual(PackedBody.encoding.utf8), let unpacked = PackedBody.unpacked(stored, limit: bodyLimit) else {
                throw Mangled()
            }
            body = unpacked
            digest = SHA1.hexadecimal(stored)
        }
        return CacheRecord(
            version: version, status: status, mirror: try text("mirror"), headers: try headers(), body: body,
            tags: try optionalText("tags").map { $0.split(separator: " ").map(String.init) } ?? [],
            etag: try validator("etag"), lastModified: try validator("last_modified"), storedAt: storedAt, ageWhenStored: age,
            heldWhenStored: held, freshUntil: fresh, refreshUntil: refresh, staleUntil: stale, purges: purges, packedDigest: digest)
    }

    private func bytes(_ name: StaticString) -> [UInt8]? { fields.first { $0.name.equals(name) }?.value }

    private func optionalText(_ name: StaticString) throws(Mangled) -> String? {
        guard let bytes = bytes(name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Mangled() }
        return text
    }

    private func text(_ name: StaticString) throws(Mangled) -> String {
        guard let text = try optionalText(name) else { throw Mangled() }
        return text
    }

    /// A whole number within what a double holds exactly: the scripts reckon in doubles.
    /// - Parameter absent: what a field that is not there stands for; nil: it has to be there.
    private func number(
        _ name: StaticString, in range: ClosedRange<Int64> = 0...(1 << 53), orElse absent: Int64? = nil
    ) throws(Mangled) -> Int64 {
        guard let bytes = bytes(name) else {
            guard let absent else { throw Mangled() }
            return absent
        }
        guard bytes.first != UInt8(ascii: "+"), let value = Int64(decimal: bytes), range.contains(value) else { throw Mangled() }
        return value
    }

    /// Validators go back to mirrors as header values: a mangled one is none.
    private func validator(_ name: StaticString) throws(Mangled) -> String? {
        try optionalText(name).flatMap { !$0.isEmpty && HeaderSelection.isWellFormed(name: "x", value: $0) ? $0 : nil }
    }

    /// One to a line.
    private func headers() throws(Mangled) -> [(String, String)] {
        var fields: [(String, String)] = []
        for line in (bytes("headers") ?? []).split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw Mangled() }
            let rest = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
            guard let name = String(validating: line[..<colon], as: UTF8.self), let value = String(validating: rest, as: UTF8.self),
                HeaderSelection.isWellFormed(name: name, value: value)
            else { throw Mangled() }
            fields.append((name.lowercased(), value))
        }
        return fields
    }
}
