internal import CSluiceLibuv

/// A thread for what would block others: a loop, or a call that cannot be interrupted.
enum DetachedThread {
    private final class Body {
        let name: String
        let run: () -> Void

        init(_ name: String, _ run: @escaping () -> Void) { (self.name, self.run) = (name, run) }
    }

    /// Runs `body` on a thread of its own, which nobody waits for.
    /// - Parameter name: in debuggers and `top -H`; the first 15 bytes are used.
    /// - Throws: when the system has no more threads.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(LoopError) {
        let argument = Unmanaged.passRetained(Body(name, body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                sluice_name_thread(body.name)
                body.run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw LoopError(status: -code, "start the thread “\(name)”")
        }
        pthread_detach(thread)
    }
}
