/// `deploy/simulate --failures`: each known failure of others, with our defence and without.
enum FailureTable {
    /// Prints the table; whether every defence held, and every lack of one showed.
    static func show() -> Bool {
        var isAsExpected = true
        for failure in KnownFailure.all {
            let defended = failure.run(defended: true)
            let undefended = failure.run(defended: false)
            isAsExpected = isAsExpected && defended.broken == 0 && undefended.broken > 0
            print("\(failure.name): \(failure.story)\n  with our defence: \(defended)\n  \(failure.weakness): \(undefended)")
        }
        return isAsExpected
    }
}
