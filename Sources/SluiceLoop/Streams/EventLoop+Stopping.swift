extension EventLoop {
    /// Runs `hook` on the loop's thread when the loop stops, so that nobody waits in vain for what it would still have done; nil takes
    /// the hook back. One hook per owner. Loop thread only.
    package func whenStopping(_ owner: AnyObject, _ hook: (() -> Void)?) { atStop(ObjectIdentifier(owner), hook) }
}
