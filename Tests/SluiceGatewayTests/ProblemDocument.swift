import Foundation
import SluiceHarness
import Testing

/// A problem document, decoded with all the members that RFC 9457 and the contract name.
struct ProblemDocument: Decodable, Hashable {
    let type: String
    let title: String
    let status: Int
    let detail: String
    let instance: String?
    let code: String
    let retryAfter: Int?

    private enum CodingKeys: String, CodingKey {
        case type, title, status, detail, instance, code
        case retryAfter = "retry_after"
    }

    /// Reads an answer that must be one.
    init(_ answer: RawClient.Answer, at place: SourceLocation = #_sourceLocation) throws {
        #expect(answer.headers["content-type"] == "application/problem+json", sourceLocation: place)
        #expect(answer.headers["cache-control"] == "no-store", sourceLocation: place)
        self = try JSONDecoder().decode(ProblemDocument.self, from: Data(answer.body.utf8))
        #expect(status == answer.status, sourceLocation: place)
        #expect(type == "urn:sluice:problem:\(code)" && !title.isEmpty && !detail.isEmpty, sourceLocation: place)
        #expect(retryAfter.map { "\($0)" } == answer.headers["retry-after"], sourceLocation: place)
    }
}
