public import FoundationEssentials

extension Answer {
    /// The body as a value.
    /// - Throws: `SluiceError` with code `.unsuccessfulStatus` when the status is not 2xx, `.decodingFailed` when the body does
    ///   not fit the type.
    public func decode<Value: Decodable>(_ type: Value.Type, decoder: JSONDecoder = JSONDecoder()) throws(SluiceError) -> Value {
        guard (200..<300).contains(status) else {
            throw SluiceError(
                .unsuccessfulStatus, "the answer's status is \(status), so it holds no \(Value.self); use get(_:) to see it as it is")
        }
        do {
            return try decoder.decode(Value.self, from: Data(body))
        } catch {
            throw SluiceError(
                .decodingFailed, "the answer (\(body.count) bytes from \(source)) is not a \(Value.self)", underlying: error)
        }
    }
}
