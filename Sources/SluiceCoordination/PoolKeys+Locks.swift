extension PoolKeys {
    /// The keys of one lock or semaphore, in the order of the scripts: record, holders, waiters, leases.
    func permits(of resource: PermitResource) -> [String] {
        let record = prefix + resource.kind.rawValue + ":" + resource.name
        return [record] + PermitResource.suffixes.map { record + $0 }
    }
}
