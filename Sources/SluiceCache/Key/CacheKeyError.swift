/// Why a request target cannot be asked of a mirror. The target comes from outside: nothing in it may change host, scheme or headers.
package struct CacheKeyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault; open, so that later versions can name more.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs and problem documents.
        package let description: String
        /// A code of this name.
        package init(_ name: String) { description = name }

        /// It does not start with one `/`: a full URL, `host/path`, `user@host`, or nothing.
        package static let notAPath = Code("notAPath")
        /// It starts with `//`, which names a host.
        package static let namesAHost = Code("namesAHost")
        /// It holds a control character, a space or a backslash.
        package static let forbiddenByte = Code("forbiddenByte")
        /// It holds a `.` or `..` segment, plain or encoded.
        package static let dotSegment = Code("dotSegment")
        /// It holds a `#fragment`.
        package static let fragment = Code("fragment")
        /// A `%` is not followed by two hexadecimal digits.
        package static let brokenEscape = Code("brokenEscape")
        /// It is longer than ``CacheKey/lengthLimit``.
        package static let tooLong = Code("tooLong")
        /// The method is no HTTP token.
        package static let badMethod = Code("badMethod")
    }

    /// The kind of fault.
    package var code: Code
    /// The byte of the target (or method) where it was found, counted from 0.
    package var position: Int
    /// What was found, what was expected, what to do.
    package var message: String

    /// An error at a place.
    package init(_ code: Code, at position: Int, _ message: String) {
        self.code = code
        self.position = position
        self.message = message
    }

    /// The code, the place and the sentence.
    package var description: String { "\(code) at byte \(position): \(message)" }
}
