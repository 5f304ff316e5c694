import SluiceCache
import SluiceHTTP

/// Which cached answers a request with an unsafe method makes be forgotten when it was carried out (RFC 9111 section 4.4). Pure.
struct ChangedAnswers: Sendable {
    /// The answer for the request's own path.
    let own: CacheKey
    /// Query parameters that are no part of keys.
    let dropped: Set<String>

    /// All of them, the own one first: also those that the mirror names as where the outcome is, for whoever is sent there would find what was
    /// there before the request. What lies elsewhere, or is relative to the path, is passed over.
    func all(by response: HTTPResponse, from mirror: Mirror, of places: MirrorPlaces) -> [CacheKey] {
        var keys = [own]
        for name in ["location", "content-location"] {
            guard let reference = response.header(name), let target = places.path(of: reference, at: mirror.url),
                let key = try? CacheKey(target: String(target.prefix { $0 != "#" }), dropping: dropped), !keys.contains(key)
            else { continue }
            keys.append(key)
        }
        return keys
    }
}
