internal import CSluiceLibuv

/// The memory of one libuv handle, from before libuv knows it until libuv has let it go.
///
/// The object that users hold (a timer, a watch, a stream) owns one of these and is found again from a C callback by
/// `owner(of:)`. It is held weakly there, so it may be dropped at any time and on any thread: closing then happens on
/// the loop's thread, and a callback that comes in between finds nobody.
final class RawHandle<Raw> {
    let pointer: UnsafeMutablePointer<Raw>
    private let loop: EventLoop
    private var isClosed = false

    /// Allocates the handle; the caller initialises it with libuv's own function.
    init(on loop: EventLoop) {
        self.loop = loop
        pointer = .allocate(capacity: 1)
        UnsafeMutableRawPointer(pointer).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Raw>.size)
    }

    deinit { close() }

    /// Whether libuv may still be called with the handle.
    var isUsable: Bool { !isClosed && uv_is_closing(pointer.asHandle) == 0 }

    /// Lets C callbacks find `owner`. Call it once, after libuv's initialisation.
    func attach(_ owner: AnyObject) {
        pointer.asHandle.pointee.data = Unmanaged.passRetained(HandleData(owner)).toOpaque()
    }

    /// Frees a handle that libuv refused to initialise.
    func discard() {
        guard !isClosed else { return }
        isClosed = true
        pointer.deallocate()
    }

    /// Closes the handle once; its memory goes when libuv is done, and then `closed` runs, on the loop's thread.
    func close(_ closed: (() -> Void)? = nil) {
        guard !isClosed else {
            closed?()
            return
        }
        isClosed = true
        if let closed, let data = pointer.asHandle.pointee.data {
            Unmanaged<HandleData>.fromOpaque(data).takeUnretainedValue().closed = closed
        }
        let bits = UInt(bitPattern: pointer)
        if loop.isCurrent {
            loop.release(handleAt: bits)
        } else {
            loop.execute { [loop] in loop.release(handleAt: bits) }
        }
    }
}

/// The object that a handle belongs to, as its C callback sees it; nil when it is gone.
func owner<Owner: AnyObject>(of data: UnsafeMutableRawPointer?, as type: Owner.Type = Owner.self) -> Owner? {
    guard let data else { return nil }
    return Unmanaged<HandleData>.fromOpaque(data).takeUnretainedValue().owner as? Owner
}

private final class HandleData {
    weak var owner: AnyObject?
    var closed: (() -> Void)?
    init(_ owner: AnyObject) { self.owner = owner }
}

extension EventLoop {
    /// Closes the handle at an address, or frees it when the loop has closed it already.
    fileprivate func release(handleAt bits: UInt) {
        let handle = UnsafeMutablePointer<uv_handle_t>(bitPattern: bits)!
        if uv_is_closing(handle) == 0 {
            uv_close(handle) { EventLoop.free($0!) }
        } else if hasEnded {
            EventLoop.free(handle)
        } else {
            // The loop is closing it without us: look again when it is done.
            whenEnded { EventLoop.free(UnsafeMutablePointer<uv_handle_t>(bitPattern: bits)!) }
        }
    }

    fileprivate static func free(_ handle: UnsafeMutablePointer<uv_handle_t>) {
        let data = handle.pointee.data
        UnsafeMutableRawPointer(handle).deallocate()
        guard let data else { return }
        let boxed = Unmanaged<HandleData>.fromOpaque(data).takeRetainedValue()
        boxed.closed?()
    }
}

extension UnsafeMutablePointer {
    /// The same handle as libuv's base type.
    var asHandle: UnsafeMutablePointer<uv_handle_t> { UnsafeMutableRawPointer(self).assumingMemoryBound(to: uv_handle_t.self) }
}
