import SluiceRandom

extension SeededGenerator {
    /// So many bytes, mostly such as stand in targets.
    mutating func bytes(upTo limit: Int, from alphabet: [UInt8]) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &self)).map { _ in
            Int.random(in: 0..<10, using: &self) == 0 ? UInt8.random(in: 0...255, using: &self) : alphabet.randomElement(using: &self)!
        }
    }
}
