import SluiceCache

/// Takes a collection's answer apart into items under their own keys. Pure.
enum CollectionReader {
    /// The items of a JSON list of objects, each with the very bytes that it has in the list.
    /// - Throws: `SluiceError` with code `.decodingFailed`, which names the item that does not fit the template.
    static func items(of body: [UInt8], at path: String, by template: ItemTemplate) throws(SluiceError) -> [CacheItem] {
        let text: JSONNode
        do throws(JSONTextError) {
            text = try JSONReader.read(body)
        } catch {
            throw SluiceError(.decodingFailed, "the answer to \(path.excerpt) is no JSON: at byte \(error.offset), \(error.reason)")
        }
        guard case .array(let nodes) = text.value else {
            throw SluiceError(.decodingFailed, "the answer to \(path.excerpt) is \(text.kind), where a JSON list of objects was expected")
        }
        var items: [CacheItem] = []
        items.reserveCapacity(nodes.count)
        var places: [CacheKey: Int] = [:]
        for (index, node) in nodes.enumerated() {
            let key = try template.key(of: node, called: "item \(index + 1) of \(path.excerpt)")
            if let other = places.updateValue(index, forKey: key) {
                throw SluiceError(
                    .decodingFailed,
                    "items \(other + 1) and \(index + 1) of \(path.excerpt) both become \(key.target.excerpt); name a member that tells them apart"
                )
            }
            items.append(CacheItem(key: key, body: Array(body[node.offset..<node.end])))
        }
        return items
    }
}
