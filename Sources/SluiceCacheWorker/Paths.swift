/// The paths of the keys: two folders, three tags. The test's origin knows the same.
enum Paths {
    static func folder(_ number: Int) -> String { number % 2 == 0 ? "/a/" : "/b/" }
    static func path(_ number: Int) -> String { folder(number) + "\(number)" }
    static func tag(_ number: Int) -> String { "t\(number % 3)" }
}
