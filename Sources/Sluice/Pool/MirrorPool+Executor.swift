import SluiceLoop

extension MirrorPool {
    /// The pool's own thread, for tasks that do little but call the pool.
    ///
    ///     try await Task(executorPreference: pool.executor) {
    ///         try await lock.withLock { token in … }
    ///     }.value
    ///
    /// A call goes to that thread and its result comes back: two changes of thread, which take longer than the rest where cores are idle.
    /// A task that prefers the executor is there already. What runs there must never block nor compute for long: all of the pool waits
    /// meanwhile, leases that are to be renewed included. Code that belongs to an actor (the main actor too) stays where its actor is, and
    /// unstructured tasks that are begun there do not inherit the preference. After ``shutDown(grace:)`` the thread is gone: what is still begun
    /// here runs on the thread that begins it.
    public var executor: any TaskExecutor { core.loop }
}
