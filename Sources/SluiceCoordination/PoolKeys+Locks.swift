extension PoolKeys {
    /// What the channel begins with on which a node hears of permits given to it; the node's name follows.
    package var permitChannel: String { prefix + "permit:" }

    /// The keys of one lock or semaphore, in the order of the scripts: record, holders, waiters, leases.
    func permits(of resource: PermitResource) -> [String] {
        let record = prefix + resource.kind.rawValue + ":" + resource.name
        return [record] + PermitResource.suffixes.map { record + $0 }
    }
}
