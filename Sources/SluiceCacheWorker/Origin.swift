import SluiceCache
import SluiceHTTP
import SluiceLoop

/// The API behind the cache, as a worker sees it.
struct Origin: Sendable {
    struct Problem: Error {}

    let url: String
    let http: HTTPClient

    /// What the cache asks for.
    func fetch(_ key: CacheKey, _ need: FetchNeed) async throws -> FetchedResponse {
        let headers = (need.revalidation?.headers ?? []).map { (name: $0.0, value: $0.1) }
        let response = try await http.send(HTTPRequest(url: url + key.target, headers: headers), timeout: .seconds(5)) { true }
        return FetchedResponse(
            status: response.status, headers: response.headers.map { ($0.name, $0.value) }, body: response.body, mirror: "origin",
            receivedAt: response.firstByteAt)
    }

    /// Changes what these keys stand for; their new versions.
    func change(_ paths: [String]) async throws -> [String: Int] {
        VersionLine.versions(try await post("/-/change", paths.joined(separator: " ")))
    }

    /// Says that nobody may serve anything older from now on, once he has heard of it.
    func require(_ versions: [String: Int]) async throws { _ = try await post("/-/require", VersionLine.text(versions)) }

    /// The oldest versions that may be served.
    func required() async throws -> [String: Int] { VersionLine.versions(try await post("/-/required", "")) }

    private func post(_ path: String, _ body: String) async throws -> String {
        let request = HTTPRequest(method: "POST", url: url + path, body: Array(body.utf8))
        let response = try await http.send(request, timeout: .seconds(5)) { true }
        guard response.status == 200 else { throw Problem() }
        return String(decoding: response.body, as: UTF8.self)
    }
}
