package import SluiceLoop

/// The addresses of hosts by name, each kept for a while, and who waits for which lookup. A value without I/O.
package struct NameCache {
    /// A host's name and the port that its addresses carry.
    package struct Name: Hashable, Sendable {
        /// The name, in lower case.
        package var host: String
        /// 1…65,535.
        package var port: UInt16

        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// What asking came to.
    package enum Answer {
        /// Known, and still fresh.
        case addresses([SocketAddress])
        /// Being looked up; the asker will be among those that ``resolved(_:_:at:)`` returns.
        case wait
        /// As `wait`, and the caller has to start the lookup.
        case lookUp
    }

    private let life: Duration
    private var known: [Name: (addresses: [SocketAddress], until: Instant)] = [:]
    private var askers: [Name: Set<UInt64>] = [:]

    /// - Parameter life: how long addresses are kept; zero keeps none.
    package init(life: Duration) { self.life = life }

    /// Asks for a name's addresses on behalf of a transfer.
    package mutating func ask(_ name: Name, for id: UInt64, at now: Instant) -> Answer {
        if let entry = known[name] {
            if now < entry.until { return .addresses(entry.addresses) }
            known[name] = nil
        }
        let isFirst = askers[name] == nil
        askers[name, default: []].insert(id)
        return isFirst ? .lookUp : .wait
    }

    /// A lookup ended, with addresses or (`nil`) without. Returns who waited for it, the earliest first.
    package mutating func resolved(_ name: Name, _ addresses: [SocketAddress]?, at now: Instant) -> [UInt64] {
        if let addresses, life > .zero {
            if known.count >= 1_024 { known = known.filter { $0.value.until > now } }
            known[name] = (addresses, now.advanced(by: life))
        }
        return askers.removeValue(forKey: name)?.sorted() ?? []
    }

    /// A transfer no longer waits.
    package mutating func abandon(_ id: UInt64, _ name: Name) { askers[name]?.remove(id) }

    /// No connection came about: the addresses may be old.
    package mutating func forget(_ name: Name) { known[name] = nil }
}
