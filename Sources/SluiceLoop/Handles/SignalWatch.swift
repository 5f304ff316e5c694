internal import CSluiceLibuv

/// Calls back on the loop's thread when the process receives a signal. Confined to the loop's thread.
package final class SignalWatch {
    private let received: () -> Void
    private let handle: RawHandle<uv_signal_t>

    /// - Parameter signal: for example `SIGTERM`; its default action no longer happens while the watch is open.
    package init(on loop: EventLoop, signal: Int32, _ received: @escaping () -> Void) {
        self.received = received
        handle = RawHandle(on: loop)
        uv_signal_init(loop.rawLoop, handle.pointer)
        handle.attach(self)
        uv_signal_start(
            handle.pointer, { handle, _ in owner(of: handle!.pointee.data, as: SignalWatch.self)?.received() }, signal)
    }

    /// Ends the watch; the signal gets its default action back.
    package func close() { handle.close() }
}
