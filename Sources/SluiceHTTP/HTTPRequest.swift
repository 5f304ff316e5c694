/// One request, as it will go to the mirror: nothing is added but what HTTP itself needs.
///
/// ``RequestRules`` checks it before anything leaves: a method that is a token, a URL of visible ASCII with the
/// scheme `http` or `https`, header names that are tokens, and values without control characters.
package struct HTTPRequest: Sendable {
    /// The method, as it is written on the wire: `GET`, `POST`.
    package var method: String
    /// An absolute URL, already percent-encoded. Its path is sent as it stands; a fragment is not sent.
    package var url: String
    /// Header fields in the order in which they are sent.
    package var headers: [(name: String, value: String)]
    /// The body. Empty: none, though `POST`, `PUT` and `PATCH` then say `Content-Length: 0`.
    package var body: [UInt8]

    /// A request; a plain `GET` of the URL by default.
    package init(method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
