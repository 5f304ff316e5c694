extension KnownFailure.Result: CustomStringConvertible {
    package var description: String {
        var text = worst?.description ?? "nothing"
        if ownCount > 0 { text += " (its own count at \(Double(Int(ownCount * 100)) / 100) when one more came)" }
        return text + ", longest wait \(Double(longestWait / 10_000) / 100) s, \(broken) broken"
    }
}
