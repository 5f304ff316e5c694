internal import CSluiceCurl
import SluiceLoop

/// Where a request goes: scheme, host and port. Connections, names and turns are counted by it.
package struct Origin: Hashable, Sendable {
    /// Whether the scheme is `https`.
    package var isSecure: Bool
    /// The host as curl reads it from the URL, in lower case; an IPv6 address has its brackets.
    package var host: String
    /// The port, the scheme's own when the URL names none.
    package var port: UInt16

    /// Whether the host is an address rather than a name, so that there is nothing to look up.
    package let isAddress: Bool

    /// Reads the origin with curl's own parser, so that it names the host that curl will connect to.
    ///
    /// Throws ``HTTPError/Code/invalidRequest``.
    package init(url: String) throws(HTTPError) {
        let parts = curl_url()
        defer { curl_url_cleanup(parts) }
        func part(_ which: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parts, which, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK,
            let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST), let port = part(CURLUPART_PORT).flatMap({ UInt16($0) }),
            scheme == "http" || scheme == "https"
        else {
            throw HTTPError(
                code: .invalidRequest, message: "The URL is not an absolute http or https URL: write it as https://host/path.",
                wasSent: false, endedAt: .now)
        }
        isSecure = scheme == "https"
        self.host = host.lowercased()
        self.port = port
        isAddress = host.hasPrefix("[") || SocketAddress(ip: host, port: port) != nil
    }
}

/// Origins by the part of the URL that names them, so that most requests parse nothing.
package struct OriginCache {
    /// More prefixes than this, and the cache starts again.
    package static let limit = 1_024

    private var known: [Substring: Origin] = [:]

    /// An empty cache.
    package init() {}

    /// The origin of the URL. Throws ``HTTPError/Code/invalidRequest``.
    package mutating func origin(of url: String) throws(HTTPError) -> Origin {
        let prefix = Self.authority(of: url)
        if let origin = known[prefix] { return origin }
        let origin = try Origin(url: url)
        if known.count >= Self.limit { known.removeAll() }
        known[Substring(String(prefix))] = origin
        return origin
    }

    /// `https://host:port`: all before the third slash, the query or the fragment.
    private static func authority(of url: String) -> Substring {
        var slashes = 0
        let end = url.utf8.firstIndex { byte in
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") { slashes += 1 }
            return slashes == 3 || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
        }
        return url[..<(end ?? url.endIndex)]
    }
}
