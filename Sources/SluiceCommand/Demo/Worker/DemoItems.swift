/// Some items of one collection of the mirrors, such as `posts/1-100`; without numbers, `posts`, the collection itself.
package struct DemoItems: Hashable, Sendable, CustomStringConvertible {
    /// The first part of the path.
    package let collection: String
    /// The items' numbers; nil: one request for the collection as a whole.
    package let numbers: ClosedRange<Int>?

    package init(_ collection: String, _ numbers: ClosedRange<Int>? = nil) {
        self.collection = collection
        self.numbers = numbers
    }

    /// Reads what `description` wrote.
    /// - Throws: `DemoError` when it is no such text.
    package init(text: String) throws(DemoError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let collection = parts.first, !collection.isEmpty, parts.count <= 2 else {
            throw DemoError("“\(text)” names no items; write COLLECTION or COLLECTION/FIRST-LAST, such as posts/1-100")
        }
        guard parts.count == 2 else {
            self.init(String(collection))
            return
        }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first >= 1, first <= last else {
            throw DemoError("“\(text)” names no items; write FIRST-LAST after the slash, such as posts/1-100")
        }
        self.init(String(collection), first...last)
    }

    /// One path for each item.
    package var paths: [String] { numbers.map { $0.map { "/\(collection)/\($0)" } } ?? ["/\(collection)"] }

    /// As it is read.
    package var description: String { numbers.map { "\(collection)/\($0.lowerBound)-\($0.upperBound)" } ?? collection }
}
