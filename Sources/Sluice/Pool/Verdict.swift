import SluiceHTTP

/// What one attempt's outcome means; decided without I/O.
enum Verdict: Hashable, Sendable {
    /// The caller gets this answer.
    case answer
    /// The mirror refused for want of quota; it asks to be left alone for so many microseconds, or does not say.
    case refused(pause: Int64?)
    /// The mirror is in trouble; another may do better.
    case failed

    /// Judges an answer by its status (RFC 9110, RFC 6585). A 503 that says when to come back, or that a quota is spent, is a refusal, and a
    /// 304 that nobody asked for by naming what he has is no answer.
    static func of(_ response: HTTPResponse, isConditional: Bool) -> Verdict {
        switch response.status {
        case 429: return .refused(pause: AskedPause.of(response))
        case 503:
            guard let pause = AskedPause.ofUnavailable(response) else { return .failed }
            return .refused(pause: pause)
        case 304 where !isConditional: return .failed
        case 500, 502, 504: return .failed
        default: return .answer
        }
    }
}
