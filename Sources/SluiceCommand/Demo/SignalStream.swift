package import SluiceLoop

/// Signals of this process as an asynchronous sequence. While it is open they no longer do what they do by default.
package actor SignalStream {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let loop: EventLoop
    private let signals: [Int32]
    private var watches: [SignalWatch] = []
    private var continuation: AsyncStream<Int32>.Continuation?

    /// - Parameter signals: for example `[SIGTERM, SIGINT]`.
    package init(on loop: EventLoop, signals: [Int32]) {
        self.loop = loop
        self.signals = signals
    }

    /// Begins to watch; the sequence gives each signal as it comes, and ends with `close()`.
    package func start() -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        self.continuation = continuation
        watches = signals.map { signal in SignalWatch(on: loop, signal: signal) { continuation.yield(signal) } }
        return stream
    }

    /// Ends the watch: the signals do again what they do by default.
    package func close() {
        for watch in watches { watch.close() }
        watches = []
        continuation?.finish()
        continuation = nil
    }
}
