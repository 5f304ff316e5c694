internal import CSluiceZstd
internal import SluiceRedis

/// A body as it stands in Redis when it is compressed (zstd, RFC 8878); what is served is the original, byte for byte.
struct PackedBody: Sendable, Hashable {
    /// What the record's field `encoding` says.
    static let encoding = "zstd"
    /// The fastest of the usual levels: it runs on the loop.
    private static let level: Int32 = 1

    /// The compressed bytes.
    let bytes: [UInt8]
    /// SHA-1 of ``bytes``, which stands for them in a record's digest.
    let digest: String

    /// - Returns: nil when less than an eighth would be saved.
    init?(_ body: [UInt8]) {
        var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(body.count))
        let count = ZSTD_compress(&packed, packed.count, body, body.count, Self.level)
        guard ZSTD_isError(count) == 0, count <= body.count - body.count / 8 else { return nil }
        packed.removeLast(packed.count - count)
        bytes = packed
        digest = SHA1.hexadecimal(packed)
    }

    /// The original of compressed bytes that may be anything.
    /// - Parameter limit: the largest original in bytes.
    /// - Returns: nil when they are not one whole frame that says how large its content is, or that is larger, or damaged.
    static func unpacked(_ packed: [UInt8], limit: Int) -> [UInt8]? {
        let size = ZSTD_getFrameContentSize(packed, packed.count)
        guard size != sluice_zstd_size_unknown, size != sluice_zstd_size_error, size <= UInt64(max(0, limit)) else { return nil }
        var body = [UInt8](repeating: 0, count: Int(size))
        let count = ZSTD_decompress(&body, body.count, packed, packed.count)
        return ZSTD_isError(count) == 0 && count == body.count ? body : nil
    }
}
