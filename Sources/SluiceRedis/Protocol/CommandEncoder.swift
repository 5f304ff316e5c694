/// Appends commands, in the form in which Redis reads them, to a buffer that leaves in one write.
///
/// The form is an array of strings: `*<count>`, then `$<length>` and the bytes of each, every part ended by CR LF. It is written
/// straight into the output buffer: hiredis' formatter wants an array of pointers to all arguments at once, allocates its result and
/// leaves a further copy to make, which was measured to cost three to five times as much for commands of 2 to 11 short arguments.
package struct CommandEncoder {
    /// The commands so far.
    var bytes: [UInt8] = []

    /// Begins a command of so many arguments, its name included.
    package mutating func begin(_ count: Int) { header(UInt8(ascii: "*"), count) }

    /// The next argument.
    package mutating func append(_ argument: [UInt8]) {
        header(UInt8(ascii: "$"), argument.count)
        bytes.append(contentsOf: argument)
        endLine()
    }

    /// The next argument, as UTF-8.
    package mutating func append(_ argument: String) {
        var argument = argument
        argument.withUTF8 { text in
            header(UInt8(ascii: "$"), text.count)
            bytes.append(contentsOf: text)
        }
        endLine()
    }

    /// The next argument, in decimal digits.
    package mutating func append(_ argument: Int64) {
        // 19 digits and a sign, from the right.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = digits.count
            var rest = argument.magnitude
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if argument < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            header(UInt8(ascii: "$"), digits.count - start)
            bytes.append(contentsOf: digits[start...])
        }
        endLine()
    }

    /// The next arguments.
    package mutating func append(_ arguments: CommandArguments) { bytes.append(contentsOf: arguments.encoder.bytes) }

    /// A whole command.
    mutating func append(command arguments: [[UInt8]]) {
        begin(arguments.count)
        for argument in arguments { append(argument) }
    }

    /// A whole command, as UTF-8.
    mutating func append(command arguments: [String]) {
        begin(arguments.count)
        for argument in arguments { append(argument) }
    }

    private mutating func header(_ kind: UInt8, _ number: Int) {
        bytes.append(kind)
        if number < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number))
        } else if number < 100 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10))
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
        } else {
            bytes.append(contentsOf: String(number).utf8)
        }
        endLine()
    }

    private mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
