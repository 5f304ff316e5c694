import Glibc
import SluiceLoop
import Testing

@Suite(.timeLimit(.minutes(10)))
struct BrokenPipeTests {
    @Test func `a write to a peer that is gone is an error on the loop's thread, and ends no process`() async {
        let loop = EventLoop(name: "pipe")
        let (isBlocked, code) = await withCheckedContinuation { (done: CheckedContinuation<(Bool, Int32), Never>) in
            loop.execute {
                var mask = sigset_t()
                pthread_sigmask(SIG_BLOCK, nil, &mask)
                // Without the mask the write would end whoever runs the tests, so it is tried only then.
                guard sigismember(&mask, SIGPIPE) == 1 else { return done.resume(returning: (false, 0)) }
                var ends: [Int32] = [0, 0]
                pipe(&ends)
                close(ends[0])
                let written = write(ends[1], "x", 1)
                let code = written < 0 ? errno : 0
                close(ends[1])
                done.resume(returning: (true, code))
            }
        }
        #expect(isBlocked, "the signal ends the process")
        #expect(code == EPIPE)
        await loop.shutDown()
    }
}
