import SluiceCache
import SluiceCoordination
import SluiceHTTP
import SluiceLoop
import SluiceRedis

extension SluiceError {
    /// Nothing more can be had of this pool.
    static let poolIsShutDown = SluiceError(.shutDown, "the pool is shut down; make a new one")

    /// What a failure in any module means to a caller of the pool.
    init(_ error: any Error) {
        switch error {
        case let error as SluiceError: self = error
        case let error as CoordinationError: self.init(coordination: error)
        case let error as CacheError where error.code == .shutDown: self = .poolIsShutDown
        case let error as CacheError: self.init(cache: error)
        case let error as CacheKeyError: self.init(.invalidRequest, error.message)
        case let error as HTTPError: self.init(http: error)
        case let error as RedisError: self.init(redis: error)
        case let error as RulesError: self.init(.invalidConfiguration, error.message)
        case is CancellationError: self.init(.cancelled, "the caller's task was cancelled")
        default: self.init(.mirrorsUnavailable, "the call failed", underlying: error)
        }
    }

    private init(coordination error: CoordinationError) {
        let code: Code =
            switch error.code {
            case .noSlotInTime: .noSlotInTime
            case .coordinatorUnavailable: .coordinatorUnavailable
            case .incompatibleVersion: .incompatibleVersion
            case .invalidConfiguration: .invalidConfiguration
            case .cancelled: .cancelled
            case .shutDown: .shutDown
            default: Code(error.code.description)
            }
        self.init(code, error.message, retryAfter: error.retryAfter.map { .microseconds($0) }, underlying: error.underlying)
    }

    private init(cache error: CacheError) {
        let code: Code =
            switch error.code {
            case .deadlineExceeded: .deadlineExceeded
            case .redisUnavailable, .refusedByRedis: .coordinatorUnavailable
            case .invalidOptions: .invalidConfiguration
            default: Code(error.code.description)
            }
        self.init(code, error.message, underlying: error.underlying)
    }

    private init(http error: HTTPError) {
        let code: Code =
            switch error.code {
            case .responseTooLarge, .headersTooLarge: .responseTooLarge
            case .invalidRequest: .invalidRequest
            case .invalidOptions: .invalidConfiguration
            case .cancelled: .cancelled
            case .shutDown: .shutDown
            default: .mirrorsUnavailable
            }
        self.init(code, error.message, underlying: error.underlying)
    }

    init(redis error: RedisError) {
        guard error.code != .shutDown else {
            self = .poolIsShutDown
            return
        }
        let code: Code = error.code == .invalidConfiguration ? .invalidConfiguration : .coordinatorUnavailable
        self.init(code, error.message, underlying: error.underlying)
    }
}

/// A flight that failed for want of time starts again for those who have more of it.
extension SluiceError: DeadlineBoundError {
    package var endedByDeadline: Bool { code == .noSlotInTime || code == .deadlineExceeded }
}
