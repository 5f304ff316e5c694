import CSluiceOpenSSL
import Foundation
import SluiceHTTP
import SluiceLoop
import Testing

struct ProcessEndTests {
    /// Its clean-up frees what a thread that is just ending still looks at: now and then a process crashed after its work was done.
    @Test func `when a process that used a client ends, OpenSSL frees nothing under the threads that are still there`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let loop = EventLoop()
            guard let client = try? HTTPClient(loop: loop) else { exit(8) }
            // Refused; curl has been used all the same.
            _ = try? await client.send(HTTPRequest(url: "http://127.0.0.1:1/"), timeout: .seconds(30)) { true }
            // Called by the clean-up, if there is one.
            _ = OPENSSL_atexit { _exit(9) }
            await client.shutDown()
            await loop.shutDown()
            exit(0)
        }
    }
}
