import SluiceCache
import SluiceServer

/// 304 for a client that has the answer already (RFC 9110, section 13.2).
enum NotModified {
    /// Fields of the answer that a 304 repeats, by section 15.4.5.
    private static let repeated: Set<String> = ["cache-control", "content-location", "date", "etag", "expires", "vary", "last-modified"]

    /// The answer, or a 304 in its place when the client's conditions say that it has it. The body stays with it for its length alone:
    /// `Content-Length` must be what the answer itself would have had (RFC 9110, section 8.6), and the server sends no body with a 304.
    static func judged(_ response: ServerResponse, _ conditions: RequestConditions) -> ServerResponse {
        guard response.status == 200, conditions.isConditional else { return response }
        func value(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
        let isKnown: Bool
        if let list = conditions.ifNoneMatch {
            isKnown = EntityTagList.matches(list, value("etag"))
        } else {
            isKnown = isUnchanged(value("last-modified"), since: conditions.ifModifiedSince)
        }
        guard isKnown else { return response }
        return ServerResponse(
            status: 304,
            headers: response.headers.filter { field in
                // Those in capitals are the gateway's own.
                repeated.contains(field.name) || field.name.first?.isUppercase == true
            }, body: response.body)
    }

    /// Whether the answer's date is no later than the client's (RFC 9110, section 13.1.3). What is no date of HTTP does not count.
    private static func isUnchanged(_ modified: String?, since known: String?) -> Bool {
        guard let modified, let known, let latest = HTTPDate.seconds(modified), let bound = HTTPDate.seconds(known) else { return false }
        return latest <= bound
    }
}
