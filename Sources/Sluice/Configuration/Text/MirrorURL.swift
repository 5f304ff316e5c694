import SluiceCache
import SluiceHTTP

/// The base URL of a mirror.
enum MirrorURL {
    /// The origin of a base URL that can be used.
    /// - Throws: a sentence that quotes the URL without its login and says what would do.
    static func origin(of url: String) throws(ConfigurationProblem) -> Origin {
        func failure(_ reason: String) -> ConfigurationProblem { ConfigurationProblem("“\(withoutLogin(url).excerpt)” \(reason)") }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw failure("holds blanks, control characters or letters that are not ASCII; percent-encode them")
        }
        // curl's parser would guess a scheme, or accept one slash; a base URL leaves nothing to guess.
        guard let start = ["http://", "https://"].first(where: { url.lowercased().hasPrefix($0) })?.count, url.utf8.count > start,
            url.dropFirst(start).first != "/"
        else {
            throw failure(
                "is no base URL; write http:// or https://, a host and perhaps a port and a path, such as https://api.example.org/v1")
        }
        guard !url.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw failure("has a query or a fragment; give the base URL without it")
        }
        guard !url.contains("\\") else { throw failure("has a backslash; write a slash") }
        guard withoutLogin(url) == url else {
            throw failure("has a user or password, which metrics would show; give them as a header in the configuration file instead")
        }
        let path = url.utf8.dropFirst(start).drop { $0 != UInt8(ascii: "/") }
        do throws(CacheKeyError) {
            if !path.isEmpty { _ = try CacheKey(target: String(Substring(path))) }
        } catch {
            throw failure("has a path that cannot be asked for: \(error.message)")
        }
        let origin: Origin
        do throws(HTTPError) {
            origin = try Origin(url: url)
        } catch {
            throw failure("cannot be read as a URL; write http:// or https://, a host and perhaps a port and a path")
        }
        guard origin.port > 0 else { throw failure("names port 0, at which nobody can be asked; give 1 to 65535") }
        return origin
    }

    /// The URL with `…` in the place of its user and password.
    static func withoutLogin(_ url: String) -> String {
        guard let start = url.firstRange(of: "://")?.upperBound,
            case let end = url[start...].firstIndex(where: { $0 == "/" || $0 == "," }) ?? url.endIndex,
            let at = url[start..<end].lastIndex(of: "@")
        else { return url }
        return url[..<start] + "…" + url[at...]
    }
}
