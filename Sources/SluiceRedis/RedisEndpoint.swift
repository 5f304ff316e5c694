package import SluiceLoop

/// Where a Redis server is, as whom to log in, and which of its databases to use.
///
/// Forms: `redis://[user[:password]@]host[:port][/database]` and `unix://[user[:password]@]/path/to.sock[?db=number]`
/// (also written `redis+unix://`). User, password and path are percent-decoded. The port is 6379 and the database 0 unless given.
///
/// `rediss://…` is the same by TLS, with a query for files in PEM: `?cacert=path` the authorities to trust instead of the system's,
/// `cert=path` and `key=path` a certificate of our own.
///
/// `redis+sentinel://[user[:password]@]host[:port][,host[:port]…]/master[/database]` names sentinels (port 26379 unless given) and what
/// they call the master: they are asked where it is whenever a connection is made. User and password are the master's.
package struct RedisEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// The transport's address; of several sentinels the first's.
    package let destination: ByteStream.Destination
    /// The sentinels that know where the server is; nil: it is at `destination` itself.
    package let sentinels: Sentinels?
    /// How TLS is made; nil: none.
    package let tls: TLSSettings?
    /// The user to log in as; nil: the server's default user.
    package let user: String?
    /// The password; nil: no login.
    package let password: String?
    /// The number of the database, 0 or more.
    package let database: Int

    /// Reads a URL.
    /// - Throws: `.invalidConfiguration`, which never repeats a password.
    package init(url: String) throws(RedisError) {
        guard let separator = url.firstRange(of: "://") else {
            throw Self.unusable(url, "it has no scheme; write redis://host:port/0 or unix:///path/to/redis.sock")
        }
        let rest = url[separator.upperBound...]
        switch url[..<separator.lowerBound].lowercased() {
        case "redis": try self.init(url: url, tcp: rest, tls: nil)
        case "rediss":
            let question = rest.firstIndex(of: "?") ?? rest.endIndex
            try self.init(url: url, tcp: rest[..<question], tls: Self.tls(rest[question...].dropFirst(), url))
        case "unix", "redis+unix": try self.init(url: url, unix: rest)
        case "redis+sentinel": try self.init(url: url, sentinels: rest)
        case let other: throw Self.unusable(url, "the scheme “\(other)” is unknown; use redis://, rediss://, unix:// or redis+sentinel://")
        }
    }

    private init(url: String, tcp rest: Substring, tls: TLSSettings?) throws(RedisError) {
        if rest.contains(where: { $0 == "?" || $0 == "#" }) {
            throw Self.unusable(url, "redis:// takes no query; the database number is its path, as in redis://host:6379/2")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (login, address) = Self.split(rest[..<slash])
        (user, password) = try Self.credentials(login, url)
        database = try Self.database(rest[slash...].dropFirst(), url)
        destination = try Self.server(address, standardPort: 6379, url)
        sentinels = nil
        self.tls = tls
    }

    private init(url: String, sentinels rest: Substring) throws(RedisError) {
        let parts = rest.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, !parts[1].isEmpty, !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Self.unusable(
                url, "the master's name is missing, or a query too many; write redis+sentinel://host:26379,host:26379/master/0")
        }
        let (login, addresses) = Self.split(parts[0])
        (user, password) = try Self.credentials(login, url)
        database = try Self.database(parts.count > 2 ? parts[2] : "", url)
        var servers: [ByteStream.Destination] = []
        for address in addresses.split(separator: ",", omittingEmptySubsequences: false) {
            servers.append(try Self.server(address, standardPort: 26_379, url))
        }
        guard let first = servers.first else { throw Self.unusable(url, "it names no sentinel") }
        destination = first
        tls = nil
        sentinels = Sentinels(addresses: servers, master: try Self.decode(parts[1], url))
    }

    private static func server(
        _ address: Substring, standardPort: UInt16, _ url: String
    ) throws(RedisError) -> ByteStream.Destination {
        var host = address
        var port = standardPort
        let afterBracket = address.hasPrefix("[") ? address.firstIndex(of: "]") : address.startIndex
        guard let afterBracket else { throw unusable(url, "the bracket around the IPv6 address is not closed") }
        if let colon = address[afterBracket...].firstIndex(of: ":") {
            host = address[..<colon]
            guard let number = UInt16(address[address.index(after: colon)...]), number > 0 else {
                throw unusable(url, "the port must be a number from 1 to 65535 (an IPv6 address goes in brackets)")
            }
            port = number
        }
        if host.hasPrefix("[") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else {
            throw unusable(url, "the host is missing; write redis://127.0.0.1:6379/0 for a server on this host")
        }
        let name = try decode(host, url)
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw unusable(url, "the host holds what no host's name does; write a name with other letters than ASCII's as xn--…")
        }
        return .tcp(host: name, port: port)
    }

    private init(url: String, unix rest: Substring) throws(RedisError) {
        guard let slash = rest.firstIndex(of: "/") else {
            throw Self.unusable(url, "the path of the socket must be absolute, as in unix:///run/redis.sock")
        }
        let (login, address) = Self.split(rest[..<slash])
        guard address.isEmpty else {
            throw Self.unusable(url, "a Unix socket has no host; write three slashes, as in unix:///run/redis.sock")
        }
        (user, password) = try Self.credentials(login, url)
        let question = rest[slash...].firstIndex(of: "?") ?? rest.endIndex
        let path = try Self.decode(rest[slash..<question], url)
        guard path.utf8.count < 108, !path.utf8.contains(0) else {
            throw Self.unusable(url, "the path of a Unix socket has at most 107 bytes and none of them 0")
        }
        destination = .unix(path: path)
        sentinels = nil
        tls = nil
        let query = rest[question...].dropFirst()
        guard query.isEmpty || query.hasPrefix("db=") else {
            throw Self.unusable(url, "the query may only be db=number")
        }
        database = try Self.database(query.dropFirst(3), url)
    }

    /// The endpoint as a URL without its password.
    package var description: String {
        let login = user.map { "\($0)@" } ?? ""
        if let sentinels {
            return
                "redis+sentinel://\(login)\(sentinels.addresses.map(\.description).joined(separator: ","))/\(sentinels.master)/\(database)"
        }
        return switch destination {
        case .tcp: "redis\(tls == nil ? "" : "s")://\(login)\(destination)/\(database)"
        case .unix(let path): "unix://\(login)\(path)?db=\(database)"
        }
    }

    // MARK: Parts

    private static func split(_ authority: Substring) -> (login: Substring?, address: Substring) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, authority) }
        return (authority[..<at], authority[authority.index(after: at)...])
    }

    private static func credentials(_ login: Substring?, _ url: String) throws(RedisError) -> (user: String?, password: String?) {
        guard let login else { return (nil, nil) }
        let colon = login.firstIndex(of: ":") ?? login.endIndex
        let user = try decode(login[..<colon], url)
        // A user without a password may exist on the server (`nopass`): log in with an empty one.
        return (user.isEmpty ? nil : user, try decode(login[colon...].dropFirst(), url))
    }

    private static func tls(_ query: Substring, _ url: String) throws(RedisError) -> TLSSettings {
        var settings = TLSSettings()
        for part in query.split(separator: "&") {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            let path = try decode(part[equals...].dropFirst(), url)
            guard !path.isEmpty, !path.utf8.contains(0) else {
                throw unusable(url, "“\(part[..<equals])” in its query needs the path of a file")
            }
            switch part[..<equals] {
            case "cacert": settings.authorities = path
            case "cert": settings.certificate = path
            case "key": settings.key = path
            default: throw unusable(url, "its query may have cacert, cert and key, as in rediss://host:6379/0?cacert=/etc/ssl/redis-ca.pem")
            }
        }
        guard settings.key == nil || settings.certificate != nil else {
            throw unusable(url, "a key is of no use without its certificate (cert)")
        }
        return settings
    }

    private static func database(_ text: Substring, _ url: String) throws(RedisError) -> Int {
        if text.isEmpty { return 0 }
        guard let number = Int32(text), number >= 0, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            throw unusable(url, "the database must be a number, 0 or more")
        }
        return Int(number)
    }

    private static func decode(_ text: Substring, _ url: String) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue }),
                let low = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue })
            else { throw unusable(url, "a percent sign must be followed by two hexadecimal digits") }
            bytes.append(UInt8(high * 16 + low))
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw unusable(url, "it does not decode to UTF-8") }
        return decoded
    }

    private static func unusable(_ url: String, _ reason: String) -> RedisError {
        RedisError(.invalidConfiguration, "The Redis URL “\(withoutPassword(url))” cannot be used: \(reason).")
    }

    private static func withoutPassword(_ url: String) -> String {
        // Up to the last @ of the whole text, since a password may contain what should have been escaped.
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        guard let at = url[start...].lastIndex(of: "@"), let colon = url[start..<at].firstIndex(of: ":") else { return url }
        return url[..<colon] + ":…" + url[at...]
    }
}
