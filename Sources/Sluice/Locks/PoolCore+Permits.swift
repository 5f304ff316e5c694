import SluiceCoordination
import SluiceLoop

extension PoolCore {
    /// A permit; nil when there was none for `.try`, and for `.open`.
    nonisolated func permit(
        _ resource: PermitResource, aim: PermitRequest.Aim, deadline: Duration?
    ) async throws(SluiceError) -> Permit? {
        guard let permits else { throw SluiceError(.invalidConfiguration, "the \(resource.description) needs a Redis") }
        let end = Instant.now.advanced(by: deadline ?? configuration.deadline)
        // To the loop's thread and back once, whatever is waited for on it.
        return try await withTaskExecutorPreference(loop) { () async throws(SluiceError) in
            try await enter()
            do throws(CoordinationError) {
                let hold = try await permits.acquire(resource, aim: aim, deadline: end)
                await leave()
                return hold.map { Permit(hold: $0, core: self) }
            } catch {
                await leave()
                throw SluiceError(error)
            }
        }
    }

    /// Runs `body` with a permit. Its task is ours, so that it can be cancelled without the caller's.
    nonisolated func withPermit<Result: Sendable>(
        _ resource: PermitResource, deadline: Duration?, _ body: @escaping @Sendable (Permit) async throws -> Result
    ) async throws -> Result {
        // A pool that shuts down waits a while for its calls, and the body is part of this one.
        try await enter()
        let result = await result(resource, deadline: deadline, body)
        await leave()
        return try result.get()
    }

    private nonisolated func result<Result: Sendable>(
        _ resource: PermitResource, deadline: Duration?, _ body: @escaping @Sendable (Permit) async throws -> Result
    ) async -> Swift.Result<Result, any Error> {
        let permit: Permit
        do {
            guard let given = try await self.permit(resource, aim: .wait, deadline: deadline) else {
                return .failure(CancellationError())
            }
            permit = given
        } catch {
            return .failure(error)
        }
        let work = Task { try await body(permit) }
        permit.whenLost { work.cancel() }
        let outcome = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        let wasLost = permit.isLost
        do throws(SluiceError) {
            try await permit.release()
        } catch {
            return .failure(Permit.lost(permit.hold, underlying: outcome.error))
        }
        return wasLost ? .failure(Permit.lost(permit.hold, underlying: outcome.error)) : outcome
    }
}

extension Result {
    fileprivate var error: Failure? { if case .failure(let error) = self { error } else { nil } }
}
