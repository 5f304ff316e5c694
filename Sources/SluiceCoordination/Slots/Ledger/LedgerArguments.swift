package import SluiceRedis

/// The `ARGV` of the ledger's scripts, in the order that their headers give.
package struct LedgerArguments: Sendable {
    package private(set) var words: CommandArguments = []

    /// What every script takes.
    /// - Parameters:
    ///   - scope: of the channels, see `PoolKeys`.
    ///   - raw: the host's clock, for tests; nil: the server's own.
    package init(_ call: LedgerCall, scope: String = "", raw: Int64? = nil) {
        append(raw)
        append(call.version)
        append(call.candidate)
        append(call.knowledge?.incarnation ?? "")
        append(call.knowledge?.frame ?? 0)
        append(call.knowledge?.lower)
        append(call.knowledge?.upper)
        append(call.knowledge?.isClockAhead == true ? 1 : 0)
        append(call.knowledge?.found)
        append(call.knowledge?.doubt?.reading)
        append(call.knowledge?.doubt?.least)
        append(call.knowledge?.doubt?.waited ?? 0)
        append(call.knowledge?.doubt?.lasted ?? 0)
        append(call.knowledge?.age ?? 0)
        append(call.node?.text ?? "")
        append(call.runID ?? "")
        append(scope)
        append(call.muster)
        append(call.settling)
        append(call.terms.hold)
        append(call.terms.requestTimeout)
        append(Int64(call.terms.mirrors.count))
        for mirror in call.terms.mirrors {
            append(mirror.name)
            append(mirror.burst ?? 0)
            append(mirror.concurrency ?? 0)
            append(Int64(mirror.limits.count))
            for limit in mirror.limits {
                append(limit.count)
                append(limit.window)
            }
        }
    }

    /// With what `reserve.lua` takes besides.
    package consuming func reserving(_ request: ReserveRequest) -> LedgerArguments {
        var all = self
        all.append(request.caller.text)
        all.append(request.epoch)
        all.append(request.sparesOnly ? 2 : request.yieldsToLeader ? 1 : 0)
        all.append(Int64(request.demands.count))
        for demand in request.demands {
            all.append(demand.node.text)
            all.append(demand.wanted)
            all.append(Int64(demand.tier))
            all.append(demand.stamp)
            all.append(demand.sequence)
        }
        return all
    }

    /// With what `settle.lua` takes besides.
    package consuming func settling(_ request: SettleRequest) -> LedgerArguments {
        var all = self
        all.append(String(request.node.tag))
        all.append(Int64(request.entries.count))
        for entry in request.entries {
            all.append(Int64(entry.mirror))
            all.append(entry.number)
            all.append(entry.incarnation)
            all.append(entry.remaining)
            all.append(entry.unsent)
            all.append(entry.answered)
            all.append(entry.failed)
            all.append(entry.unreached)
            all.append(entry.latency)
            all.append(entry.extend)
            all.append(entry.completed.text { String($0) })
        }
        return all
    }

    /// With what `penalise.lua` takes besides.
    package consuming func penalising(mirror: Int, grant: Int64, asked: Int64?) -> LedgerArguments {
        var all = self
        all.append(Int64(mirror))
        all.append(grant)
        all.append(asked)
        return all
    }

    /// With what `pull.lua` takes besides.
    package consuming func pulling(_ node: NodeID) -> LedgerArguments {
        var all = self
        all.append(String(node.tag))
        return all
    }

    /// With what `copy.lua` takes besides.
    package consuming func copying(since version: Int64?) -> LedgerArguments {
        var all = self
        all.append(version ?? -1)
        return all
    }

    /// With what `contribute.lua` takes besides.
    /// - Parameter remembers: whether there is anything in the memory.
    package consuming func contributing(
        _ memory: [UInt8], remembers: Bool, of node: NodeID, to muster: MusterNotice, in incarnation: String
    ) -> LedgerArguments {
        var all = self
        all.append(node.text)
        all.append(remembers ? 1 : 0)
        all.append(muster.number)
        all.append(incarnation)
        all.words.append(memory)
        return all
    }

    /// With what `restore.lua` takes besides.
    package consuming func restoring(_ request: RestoreRequest) -> LedgerArguments {
        var all = self
        all.append(request.muster)
        all.append(request.incarnation)
        all.append(Int64(request.memories))
        all.append(request.version)
        all.append(request.nextNumber)
        all.append(request.sealedUntil)
        all.append(request.lives.joined(separator: " "))
        for (name, ledger) in request.mirrors.sorted(by: { $0.key < $1.key }) {
            let windows = ledger.logs.keys.sorted()
            let fields = MirrorFields(ledger, windows: windows)
            all.append(name)
            for field in [fields.state, fields.open, fields.rules, fields.conduct] { all.words.append(field) }
            all.append(Int64(windows.count))
            for (window, log) in zip(windows, fields.logs) {
                all.append(window)
                all.words.append(log)
            }
        }
        return all
    }

    private mutating func append(_ text: String) { words.append(text) }
    private mutating func append(_ number: Int64) { words.append(number) }
    private mutating func append(_ number: Int64?) {
        if let number { words.append(number) } else { words.append("") }
    }
}
