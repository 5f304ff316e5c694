import SluiceRedis

extension LedgerError {
    /// What a failed call means for the ledger, which is kept under this key.
    init(_ error: RedisError, script: String, ledger: String) {
        if let version = error.reply.flatMap(LedgerProtocol.refusal) {
            self.init(
                .otherVersion,
                "The pool's ledger was begun by nodes that speak version \(version) of its protocol, and this one speaks another: run the same release of Sluice in all of them.",
                poolVersion: version)
            return
        }
        let code: Code =
            if error.reply != nil { .refused } else if error.isCertainlyNotExecuted { .unreachable } else { .fateUnknown }
        let sense =
            switch code {
            case .refused: Self.sense(ofRefusal: error.reply ?? "", of: script, ledger: ledger)
            case .unreachable: "The slot ledger was not reached, and nothing was done; try again."
            default: "Whether \(script).lua was carried out is unknown; see what it did before repeating it."
            }
        self.init(code, sense, underlying: error)
    }

    /// The server puts its own words around what a script raises, and each version others: the mark may be anywhere.
    private static func sense(ofRefusal reply: String, of script: String, ledger: String) -> String {
        if reply.contains("WRONGTYPE") {
            return """
                The key \(ledger), or one beside it that ends in leader or epoch, is of another type than Sluice gave it: delete it, \
                and the pool's processes put together what they remember.
                """
        }
        if reply.contains("SLUICE-DAMAGED") {
            return """
                The key \(ledger) holds something that Sluice did not write; the next call that takes a slot begins it anew, from what \
                the pool's processes remember.
                """
        }
        return "Redis refused \(script).lua; is it 6.2 or later, does it take writes, and may this user run scripts?"
    }
}
