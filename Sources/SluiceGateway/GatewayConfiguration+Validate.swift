public import Sluice
import SluiceServer

extension GatewayConfiguration {
    /// Checks everything that can be checked without listening.
    /// - Throws: `SluiceError` with code `.invalidConfiguration`, naming the setting, its value and what would do.
    public func validate() throws(SluiceError) {
        _ = try serverOptions()
        _ = try RouteTable(routes)
    }

    /// What is wrong with a token, and what would do, without the token and without saying where it was found; nil when it will do.
    package static func fault(inToken token: String) -> String? {
        guard (1...4_096).contains(token.utf8.count), token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "it is empty, too long or holds a space; give 1 to 4,096 visible ASCII characters"
        }
        return nil
    }

    /// The server's part of the configuration, checked.
    func serverOptions() throws(SluiceError) -> ServerOptions {
        if let fault = managementToken.flatMap(Self.fault(inToken:)) {
            throw SluiceError(.invalidConfiguration, "managementToken: \(fault)")
        }
        guard (2 << 10...64 << 10).contains(maxHeaderBytes) else {
            throw SluiceError(.invalidConfiguration, "maxHeaderBytes: \(maxHeaderBytes) is out of bounds; give 2,048 to 65,536")
        }
        var options = ServerOptions()
        options.maxConnections = maxConnections
        options.idleTimeout = idleTimeout
        options.maxBodyBytes = maxBodyBytes
        options.longestHead = maxHeaderBytes
        // Room for the answer's head, and for what the library notes of each field. No more than that: the library clears all of it after
        // each request, which costs half of the requests a second with 128 KiB. So of a head that is much too long it tells itself.
        options.longestAnswerHead = 8 << 10
        options.maxHeaderBytes = maxHeaderBytes + (16 << 10)
        if let accessLog { options.observer = { accessLog(AccessRecord($0)) } }
        options.refusal = { status, sentence, target in
            let code =
                switch status {
                case 413: "bodyTooLarge"
                case 414: "targetTooLong"
                case 431: "headTooLarge"
                case 502: "answerHeadTooLarge"
                case 503: "shutDown"
                case 505: "versionNotSupported"
                default: "invalidRequest"
                }
            var problem = Problem(status, code, sentence)
            if status == 503 { problem.retryAfter = 1 }
            return problem.response(to: target)
        }
        do throws(ServerError) {
            options.address = try ListenAddress(text: listen)
            try options.validate()
        } catch {
            throw SluiceError(.invalidConfiguration, "listen: \(error.message)")
        }
        return options
    }
}
