/// Arguments of a command, put into the form in which they leave as they are appended: no array is made for each.
package struct CommandArguments: Sendable, ExpressibleByArrayLiteral {
    /// How many there are.
    package private(set) var count = 0
    private(set) var encoder = CommandEncoder()

    /// Texts, as UTF-8.
    package init(_ texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    /// Texts, as UTF-8.
    package init(arrayLiteral texts: String...) { self.init(texts) }

    /// The next argument.
    package mutating func append(_ argument: [UInt8]) {
        count += 1
        encoder.append(argument)
    }

    /// The next argument, as UTF-8.
    package mutating func append(_ argument: String) {
        count += 1
        encoder.append(argument)
    }

    /// The next argument, in decimal digits.
    package mutating func append(_ argument: Int64) {
        count += 1
        encoder.append(argument)
    }
}
