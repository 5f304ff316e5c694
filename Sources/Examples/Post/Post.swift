/// One post, as the API has it.
struct Post: Decodable, Sendable {
    let userId: Int
    let id: Int
    let title: String
    let body: String
}
