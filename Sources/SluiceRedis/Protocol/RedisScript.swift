/// A Lua script, called by its digest; the client loads it where the server does not know it.
package struct RedisScript: Sendable {
    /// A name for messages, such as the file it comes from.
    package let name: String
    /// The script's text.
    package let source: [UInt8]
    /// The SHA-1 of the text, in hexadecimal: what `EVALSHA` takes.
    package let digest: String

    package init(name: String, source: [UInt8]) {
        self.name = name
        self.source = source
        digest = SHA1.hexadecimal(source)
    }
}
