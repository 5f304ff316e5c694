/// A request that is not answered from the cache: it takes a slot and goes to one mirror.
public struct PoolRequest: Sendable {
    /// For example `POST`.
    public var method: String
    /// Begins with one `/`; goes below the mirror's base URL.
    public var path: String
    /// Sent besides the mirror's own; the mirror's win.
    public var headers: [(name: String, value: String)]
    /// The body; empty for none.
    public var body: [UInt8]
    /// Whether it may be sent again after an attempt whose fate is unknown. `PUT`, `DELETE`, `GET`, `HEAD`, `OPTIONS` and `TRACE` are, by RFC 9110.
    public var isIdempotent: Bool

    /// A request.
    /// - Parameter isIdempotent: nil decides by the method.
    public init(
        method: String, path: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [], isIdempotent: Bool? = nil
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.isIdempotent = isIdempotent ?? ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(method)
    }

    /// `POST` with a body, as JSON unless a content type is given.
    public static func post(_ path: String, body: [UInt8], contentType: String = "application/json") -> PoolRequest {
        PoolRequest(method: "POST", path: path, headers: [("Content-Type", contentType)], body: body)
    }

    /// `PUT` with a body, as JSON unless a content type is given.
    public static func put(_ path: String, body: [UInt8], contentType: String = "application/json") -> PoolRequest {
        PoolRequest(method: "PUT", path: path, headers: [("Content-Type", contentType)], body: body)
    }

    /// `PATCH` with a body, as JSON unless a content type is given.
    public static func patch(_ path: String, body: [UInt8], contentType: String = "application/json") -> PoolRequest {
        PoolRequest(method: "PATCH", path: path, headers: [("Content-Type", contentType)], body: body)
    }

    /// `DELETE`.
    public static func delete(_ path: String) -> PoolRequest { PoolRequest(method: "DELETE", path: path) }
}
