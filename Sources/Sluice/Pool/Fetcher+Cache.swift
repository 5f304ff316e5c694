import SluiceCache
import SluiceHTTP
import SluiceLoop

extension Fetcher {
    /// What the cache asks of a mirror: the whole answer, or whether the kept one still holds. The call may wait for its slot until
    /// `margin` microseconds before the need's deadline.
    /// - Throws: `NoSpareSlot` where nobody waits for the answer and every slot is wanted; otherwise `SluiceError`.
    nonisolated func fetch(_ key: CacheKey, for need: FetchNeed, margin: Int64 = 0) async throws -> FetchedResponse {
        var wish = Need(
            target: key.target, headers: (need.revalidation?.headers ?? []).map { ($0.0, $0.1) },
            urgency: need.urgency, deadline: need.deadline.advanced(byMicroseconds: -margin), isRefresh: need.isRefresh,
            hasFallback: need.hasFallback, whenOnTheWay: need.whenOnTheWay)
        do {
            var (response, mirror) = try await fetchOnLoop(wish)
            if response.status == 304, let asked = need.revalidation, !asked.isConfirmed(by: response.headers) {
                // It speaks of a version that is not here: that has to be asked for as a whole.
                need.whenOnTheWay(false)
                wish.headers = []
                (response, mirror) = try await fetchOnLoop(wish)
            }
            if response.status == 304, wish.headers.isEmpty {
                throw SluiceError(
                    .mirrorsUnavailable, "\(mirror.name) answered “304 Not Modified”, though it was not asked whether anything had changed")
            }
            return FetchedResponse(
                status: response.status, headers: response.headers.map { ($0.name, $0.value) }, body: response.body,
                mirror: mirror.name, receivedAt: response.firstByteAt)
        } catch let error as SluiceError where need.isRefresh && error.code == .noSlotInTime {
            throw NoSpareSlot()
        }
    }

    nonisolated private func fetchOnLoop(_ wish: Need) async throws -> (response: HTTPResponse, mirror: Mirror) {
        try await withTaskExecutorPreference(loop) { try await fetch(wish) }
    }
}
