internal import CSluiceCurl
import SluiceLoop

extension HTTPError {
    /// The error for a transfer that curl, or one of our callbacks in it, ended.
    /// - Parameters:
    ///   - code: curl's result.
    ///   - explanation: curl's own words.
    init(
        curl code: CURLcode, explanation: String, stop: CurlEasy.Stop?, attempts: Int, isHeadWhole: Bool, host: String,
        options: HTTPClientOptions, connectingSince: Instant, at now: Instant
    ) {
        let (kind, sentence) = Self.reading(of: code, explanation, stop, attempts, isHeadWhole, host, options)
        self.init(code: kind, message: sentence, wasSent: attempts > 0, endedAt: now, connectingSince: connectingSince)
    }

    /// The error for a lookup that found nothing.
    /// - Parameter lack: what this process has none of, so that it could not ask.
    init(lookupOf host: String, _ error: LoopError, lack: Int32?) {
        let (kind, sentence) =
            lack.map { Self.lack($0, host) }
            ?? (.nameLookup, "The name \(host) has no address (\(error.message)): check the mirror's URL.")
        self.init(code: kind, message: sentence, wasSent: false, endedAt: .now, underlying: error)
    }

    private static func lack(_ fault: Int32, _ host: String) -> (Code, String) {
        (.outOfResources, "The request to \(host) was not sent: \(Resources.sentence(of: fault)).")
    }

    private static func reading(
        of code: CURLcode, _ explanation: String, _ stop: CurlEasy.Stop?, _ attempts: Int, _ isHeadWhole: Bool, _ host: String,
        _ options: HTTPClientOptions
    ) -> (Code, String) {
        switch stop {
        case .deadlinePassed?:
            return (.timeout, "The request to \(host) took longer than its timeout, while connecting.")
        case .refusedByGate? where attempts > 0:
            return (
                .attemptRefused,
                "\(host) closed a kept-alive connection under the request; sending it again needs leave of its own: ask for another slot."
            )
        case .refusedByGate?:
            return (.attemptRefused, "The request to \(host) was not sent: its leave had ended before it could go. Ask for another slot.")
        case .bodyTooLarge?:
            return (
                .responseTooLarge,
                "The answer of \(host) is larger than the limit of \(options.bodyBytes) bytes; ask for less at a time, or allow more (responseLimit)."
            )
        case .headTooLarge?:
            return (.headersTooLarge, "The head of \(host)'s answer is larger than the limit of \(options.headerBytes) bytes.")
        case .noSocket(let fault)?: return lack(fault, host)
        case nil: break
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return (.nameLookup, "The name \(host) has no address (\(explanation)): check the mirror's URL.")
        case CURLE_COULDNT_CONNECT:
            return (.connect, "No connection to \(host) (\(explanation)): check that it is up and reachable from here.")
        case CURLE_OPERATION_TIMEDOUT where attempts == 0:
            return (.connect, "No connection to \(host) within the connect timeout (\(explanation)): check that it is reachable.")
        case CURLE_OPERATION_TIMEDOUT:
            return (.timeout, "\(host) did not answer in time (\(explanation)).")
        case CURLE_SSL_CACERT_BADFILE:
            return (
                .trustUnreadable, "The certificates trusted here cannot be read (\(explanation)): check the file and this process's rights."
            )
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
            return (.tls, "TLS with \(host) failed (\(explanation)): check its certificate and the certificates trusted here.")
        case CURLE_OUT_OF_MEMORY where attempts > 0 && !isHeadWhole:
            // What curl 7.88 says of a single header line of 100 KiB and more.
            return (.headersTooLarge, "The head of \(host)'s answer is larger than the limit of \(options.headerBytes) bytes.")
        case CURLE_OUT_OF_MEMORY:
            return (.outOfResources, "The request to \(host) could not go on: out of memory or file descriptors.")
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
            return (.connectionLost, "The connection to \(host) ended before the answer was whole (\(explanation)).")
        case CURLE_URL_MALFORMAT:
            return (.invalidRequest, "The URL for \(host) is not one that can be sent (\(explanation)).")
        default:
            return (.protocolError, "The exchange with \(host) failed (\(explanation)).")
        }
    }
}
