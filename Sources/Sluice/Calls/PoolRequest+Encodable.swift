public import FoundationEssentials

extension PoolRequest {
    /// `POST` with a value as JSON.
    /// - Throws: `SluiceError` with code `.invalidRequest` when the value cannot be encoded.
    public static func post(_ path: String, body: some Encodable, encoder: JSONEncoder = JSONEncoder()) throws(SluiceError) -> PoolRequest {
        post(path, body: try encode(body, with: encoder))
    }

    /// `PUT` with a value as JSON.
    /// - Throws: `SluiceError` with code `.invalidRequest` when the value cannot be encoded.
    public static func put(_ path: String, body: some Encodable, encoder: JSONEncoder = JSONEncoder()) throws(SluiceError) -> PoolRequest {
        put(path, body: try encode(body, with: encoder))
    }

    private static func encode(_ value: some Encodable, with encoder: JSONEncoder) throws(SluiceError) -> [UInt8] {
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw SluiceError(.invalidRequest, "a value of type \(type(of: value)) cannot be written as JSON", underlying: error)
        }
    }
}
