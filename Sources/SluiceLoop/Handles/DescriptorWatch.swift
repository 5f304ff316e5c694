internal import CSluiceLibuv

/// Watches a socket or other pollable descriptor that somebody else owns. Confined to the loop's thread.
///
/// The descriptor must stay open until `close` has called back: libuv still knows it until then.
package final class DescriptorWatch {
    /// What a descriptor is ready for, and what one waits for.
    package struct Readiness: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }
        package static let readable = Readiness(rawValue: 1)
        package static let writable = Readiness(rawValue: 2)
        /// libuv reported an error on the descriptor; who owns it must look.
        package static let failed = Readiness(rawValue: 4)
    }

    private let ready: (Readiness) -> Void
    private let handle: RawHandle<uv_poll_t>

    /// - Parameter ready: called on the loop's thread, as long as the descriptor is ready (level-triggered).
    /// - Throws: when the descriptor cannot be polled (a plain file, or one that is watched already).
    package init(on loop: EventLoop, descriptor: Int32, _ ready: @escaping (Readiness) -> Void) throws(LoopError) {
        self.ready = ready
        handle = RawHandle(on: loop)
        let status = uv_poll_init(loop.rawLoop, handle.pointer, descriptor)
        guard status == 0 else {
            handle.discard()
            throw LoopError(status: status, "watch descriptor \(descriptor)")
        }
        handle.attach(self)
    }

    /// Waits for these conditions, in place of the earlier ones; none stops the watch.
    package func watch(_ interest: Readiness) {
        guard handle.isUsable else { return }
        var events: Int32 = 0
        if interest.contains(.readable) { events |= Int32(UV_READABLE.rawValue) }
        if interest.contains(.writable) { events |= Int32(UV_WRITABLE.rawValue) }
        guard events != 0 else {
            uv_poll_stop(handle.pointer)
            return
        }
        uv_poll_start(handle.pointer, events) { handle, status, events in
            guard let watch = owner(of: handle!.pointee.data, as: DescriptorWatch.self) else { return }
            var readiness = Readiness()
            if status < 0 { readiness.insert(.failed) }
            if events & Int32(UV_READABLE.rawValue) != 0 { readiness.insert(.readable) }
            if events & Int32(UV_WRITABLE.rawValue) != 0 { readiness.insert(.writable) }
            watch.ready(readiness)
        }
    }

    /// Stops waiting; the watch can be started again.
    package func stop() { watch([]) }

    /// Ends the watch. `closed` runs a turn later, when libuv has let the descriptor go and it may be closed.
    package func close(_ closed: (() -> Void)? = nil) { handle.close(closed) }
}
