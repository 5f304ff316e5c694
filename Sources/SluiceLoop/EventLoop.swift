internal import CSluiceLibuv
import Synchronization

/// One libuv loop on a thread of its own, and the serial executor of every actor that lives on it.
///
/// Actors that share a loop share its thread, so calls between them cost no hop. An actor joins with
/// `nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }`. C callbacks run on the
/// same thread outside any job; `assumeIsolated` works in them, since the loop answers for its own thread.
///
/// It is a task executor too. A task that waits in an actor resumes by way of its task executor, which is the global pool
/// unless it prefers another: two changes of thread for each wait. Work that waits much on the loop's actors therefore
/// runs as `Task(executorPreference: loop)` or inside `withTaskExecutorPreference(loop)`, and stays on the thread.
///
/// One turn of the loop: I/O callbacks, then the jobs they made ready, then timers and their jobs, then what was asked
/// to happen before the loop waits again (`beforeWaiting`), by which a turn's writes leave together.
///
/// The thread keeps the loop alive until `shutDown()`; a loop that is only dropped keeps running.
//
// @unchecked Sendable: `inbox` and `owner` are synchronised; everything else belongs to the loop's thread.
package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// What the loop runs on its thread: a job of an actor, or a plain closure.
    private enum Work: Sendable {
        case job(UnownedJob)
        /// A job of no actor.
        case freeJob(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var canWake = true
        var hasEnded = false
        var isDrainedElsewhere = false
    }

    /// Jobs run in one go before the loop looks at its sockets again.
    private static let batchLimit = 1_024

    private let name: String
    private let inbox = Mutex(Inbox())
    /// The thread that may touch what is confined to the loop; 0 when there is none.
    private let owner = Atomic<UInt>(0)

    private var ready: [Work] = []
    private var running: [Work] = []
    private var flushes: [() -> Void] = []
    private var resumesOutsideActors = false
    private var isStopping = false
    private var areHandlesClosed = false
    private var stopHooks: [ObjectIdentifier: () -> Void] = [:]
    private var ended: [() -> Void] = []

    private let uv: UnsafeMutablePointer<uv_loop_t>
    private let wake: UnsafeMutablePointer<uv_async_t>
    private let afterPolling: UnsafeMutablePointer<uv_check_t>
    private let beforePolling: UnsafeMutablePointer<uv_prepare_t>
    private let spin: UnsafeMutablePointer<uv_idle_t>

    /// Starts the loop's thread.
    /// - Parameter name: the thread's name in debuggers and `top -H`; the first 15 bytes are used.
    package init(name: String = "sluice-loop") {
        self.name = name
        uv = .allocate(capacity: 1)
        wake = .allocate(capacity: 1)
        afterPolling = .allocate(capacity: 1)
        beforePolling = .allocate(capacity: 1)
        spin = .allocate(capacity: 1)
        precondition(uv_loop_init(uv) == 0, "libuv could not make a loop: out of file descriptors or memory")
        uv_async_init(uv, wake) { EventLoop.of($0!.pointee.data).runReadyWork() }
        uv_check_init(uv, afterPolling)
        uv_prepare_init(uv, beforePolling)
        uv_idle_init(uv, spin)
        let me = Unmanaged.passUnretained(self).toOpaque()
        wake.pointee.data = me
        afterPolling.pointee.data = me
        beforePolling.pointee.data = me
        uv_check_start(afterPolling) { EventLoop.of($0!.pointee.data).runReadyWork() }
        uv_prepare_start(beforePolling) { EventLoop.of($0!.pointee.data).prepareToWait() }

        do throws(LoopError) {
            try DetachedThread.start(name) { self.runThread() }
        } catch {
            preconditionFailure("the system refused a thread for the loop: \(error)")
        }
    }

    deinit {
        wake.deallocate()
        afterPolling.deallocate()
        beforePolling.deallocate()
        spin.deallocate()
        uv.deallocate()
    }

    /// Whether the caller runs on the loop's thread.
    package var isCurrent: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Whether the current task resumes on this loop's thread by itself, without a preference for the loop laid upon it.
    package var isPreferredByCurrentTask: Bool {
        withUnsafeCurrentTask { $0?.unownedTaskExecutor == asUnownedTaskExecutor() }
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.append(resumesOutsideActors ? .freeJob(job) : .job(job))
        } else {
            post(.job(job))
        }
    }

    package func isIsolatingCurrentContext() -> Bool? { isCurrent }

    package func checkIsolated() {
        precondition(isCurrent, "this code must run on the thread of the loop “\(name)”")
    }

    // MARK: Work

    /// Runs `body` on the loop's thread, after what was submitted before it.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        if isCurrent { ready.append(.closure(body)) } else { post(.closure(body)) }
    }

    /// Runs `body`, which resumes a task that waited outside of any actor and prefers this loop. Loop thread only.
    ///
    /// A job does not say whether its task goes on in an actor; it is taken to do so, since then it needs no second turn in the queue.
    /// Who knows better says so by this. A mistake costs that second turn and nothing else.
    package func resumingOutsideActors(_ body: () -> Void) {
        resumesOutsideActors = true
        body()
        resumesOutsideActors = false
    }

    /// Runs `body` once, just before the loop next waits for I/O. Loop thread only.
    package func beforeWaiting(_ body: @escaping () -> Void) {
        checkIsolated()
        flushes.append(body)
    }

    private func post(_ work: Work) {
        let mustDrain = inbox.withLock { inbox in
            inbox.work.append(work)
            if inbox.hasEnded {
                defer { inbox.isDrainedElsewhere = true }
                return !inbox.isDrainedElsewhere
            }
            // Under the lock, so that the handle cannot be closed in between.
            if inbox.canWake && inbox.work.count == 1 { uv_async_send(wake) }
            return false
        }
        if mustDrain { drainAfterEnd() }
    }

    private func runReadyWork() {
        var budget = Self.batchLimit
        repeat {
            inbox.withLock { inbox in
                if !inbox.work.isEmpty {
                    ready.append(contentsOf: inbox.work)
                    inbox.work.removeAll(keepingCapacity: true)
                }
            }
            swap(&ready, &running)
            budget -= running.count
            for work in running { run(work) }
            running.removeAll(keepingCapacity: true)
        } while !ready.isEmpty && budget > 0
    }

    private func run(_ work: Work) {
        switch work {
        case .job(let job):
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        case .freeJob(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .closure(let body): body()
        }
    }

    private func prepareToWait() {
        runReadyWork()
        if !flushes.isEmpty {
            let due = flushes
            flushes.removeAll(keepingCapacity: true)
            for flush in due { flush() }
        }
        if isStopping && !areHandlesClosed && ready.isEmpty && flushes.isEmpty {
            closeHandles()
            return
        }
        // Work that a flush or an exhausted budget left behind must not wait for I/O.
        if ready.isEmpty && flushes.isEmpty && !isStopping {
            uv_idle_stop(spin)
        } else {
            if uv_is_closing(spin.asHandle) == 0 { uv_idle_start(spin) { _ in } }
        }
    }

    // MARK: Life

    /// Runs what is queued, closes every handle that is still open and ends the thread. Calling it again waits for the same end.
    package func shutDown() async {
        await withCheckedContinuation { continuation in
            execute {
                self.ended.append { continuation.resume() }
                self.stop()
            }
        }
    }

    private func stop() {
        guard !inbox.withLock({ $0.hasEnded }) else {
            let waiting = ended
            ended.removeAll()
            for resume in waiting { resume() }
            return
        }
        guard !isStopping else { return }
        // Handles close when the loop is next about to wait, so that what was queued before still runs.
        isStopping = true
    }

    private func closeHandles() {
        areHandlesClosed = true
        for hook in stopHooks.values { hook() }
        stopHooks.removeAll()
        inbox.withLock { $0.canWake = false }
        uv_walk(
            uv,
            { handle, _ in
                if uv_is_closing(handle) == 0 { uv_close(handle, nil) }
            }, nil)
    }

    private func runThread() {
        owner.store(UInt(pthread_self()), ordering: .relaxed)
        // libuv writes without MSG_NOSIGNAL, so a peer that resets its connection at the wrong moment would end the process. The signal goes to
        // the thread that wrote, so it is blocked here (and in threads that are begun from here), whatever the process wants of it elsewhere.
        var brokenPipe = sigset_t()
        sigemptyset(&brokenPipe)
        sigaddset(&brokenPipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &brokenPipe, nil)
        uv_run(uv, UV_RUN_DEFAULT)
        uv_loop_close(uv)
        repeat { runReadyWork() } while !ready.isEmpty
        let waiting = ended
        ended.removeAll()
        owner.store(0, ordering: .relaxed)
        let mustDrain = inbox.withLock { inbox in
            inbox.hasEnded = true
            inbox.isDrainedElsewhere = !inbox.work.isEmpty
            return inbox.isDrainedElsewhere
        }
        if mustDrain { drainAfterEnd() }
        for resume in waiting { resume() }
    }

    /// Jobs that arrive after the end run on their submitter's thread, one thread at a time, so that no awaiter is dropped.
    private func drainAfterEnd() {
        // A late job may be the isolated deinit of an actor that held the last reference to this loop.
        let keeper = Unmanaged.passRetained(self)
        defer { keeper.release() }
        owner.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            let batch = inbox.withLock { inbox in
                let batch = inbox.work
                inbox.work.removeAll()
                if batch.isEmpty {
                    owner.store(0, ordering: .relaxed)
                    inbox.isDrainedElsewhere = false
                }
                return batch
            }
            if batch.isEmpty { return }
            for work in batch { run(work) }
            while !ready.isEmpty {
                let late = ready
                ready.removeAll()
                for work in late { run(work) }
            }
        }
    }

    /// Whether handles can still be made: false once the loop stops. Loop thread only.
    package var isOpen: Bool { !areHandlesClosed && owner.load(ordering: .relaxed) != 0 }

    /// Runs `hook` when the loop stops, so that nobody waits for it in vain; nil takes the hook back. Loop thread only.
    func atStop(_ key: ObjectIdentifier, _ hook: (() -> Void)?) { stopHooks[key] = hook }

    /// Whether the thread is gone.
    var hasEnded: Bool { inbox.withLock { $0.hasEnded } }

    /// Runs `body` once every handle is closed. Loop thread only.
    func whenEnded(_ body: @escaping () -> Void) { ended.append(body) }

    /// The raw loop, for this module's handles. Loop thread only.
    var rawLoop: UnsafeMutablePointer<uv_loop_t> {
        checkIsolated()
        return uv
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> EventLoop {
        Unmanaged<EventLoop>.fromOpaque(data!).takeUnretainedValue()
    }
}
