internal import CSluiceHiredis

/// Turns bytes into replies, with hiredis' parser building Swift values directly. Not for use by several threads at once.
///
/// hiredis walks a reply depth first and calls back for each part; the parts land in a stack of the arrays that are not yet complete, so
/// no object of hiredis' own is made. It nests at most seven arrays deep.
final class RedisReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let builder = ReplyBuilder()
    private let maximumReply: Int
    /// Bytes that came since the last complete reply. hiredis forgets those of an array's elements that are complete.
    private var unfinished = 0

    /// - Parameter maximumReply: bytes of one reply beyond which the peer is taken to be broken.
    init(maximumReply: Int) {
        self.maximumReply = maximumReply
        reader = redisReaderCreateWithFunctions(ReplyBuilder.functions)!
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
    }

    deinit { redisReaderFree(reader) }

    /// Takes bytes in; they are copied.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        unfinished += bytes.count
        guard unfinished <= maximumReply else {
            throw RedisError(.protocolError, "A reply of Redis exceeds \(maximumReply) bytes, the bound set by maximumReply.")
        }
        guard redisReaderFeed(reader, start.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else { throw failure() }
    }

    /// The next complete reply; nil when more bytes are needed. After an error every call throws.
    func next() throws(RedisError) -> RedisValue? {
        var marker: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &marker) == REDIS_OK else { throw failure() }
        guard marker != nil else { return nil }
        unfinished = reader.pointee.len - reader.pointee.pos
        return builder.take()
    }

    private func failure() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
        return RedisError(.protocolError, "What answers is not Redis, or its reply is broken: \(text).")
    }
}

/// The reply under construction.
private final class ReplyBuilder {
    private struct Unfinished {
        var elements: [RedisValue]
        var missing: Int
    }

    /// hiredis wants an object per part and asks for nothing but that it is not null.
    private static var marker: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 1) }

    private var unfinished: [Unfinished] = []
    private var result: RedisValue?

    func take() -> RedisValue? {
        defer { result = nil }
        return result
    }

    private func leaf(_ value: RedisValue) {
        guard !unfinished.isEmpty else {
            result = value
            return
        }
        unfinished[unfinished.count - 1].elements.append(value)
        unfinished[unfinished.count - 1].missing -= 1
        while let last = unfinished.last, last.missing == 0 {
            unfinished.removeLast()
            let array = RedisValue.array(last.elements)
            guard !unfinished.isEmpty else {
                result = array
                return
            }
            unfinished[unfinished.count - 1].elements.append(array)
            unfinished[unfinished.count - 1].missing -= 1
        }
    }

    private func begin(_ count: Int) {
        guard count > 0 else {
            leaf(.array([]))
            return
        }
        var elements: [RedisValue] = []
        elements.reserveCapacity(min(count, 1_024))  // The count is the peer's word; memory follows what really comes.
        unfinished.append(Unfinished(elements: elements, missing: count))
    }

    private static func of(_ task: UnsafePointer<redisReadTask>?) -> ReplyBuilder {
        Unmanaged<ReplyBuilder>.fromOpaque(task!.pointee.privdata).takeUnretainedValue()
    }

    /// The callbacks, at one address for the life of the process: hiredis keeps the pointer.
    //
    // nonisolated(unsafe): written once, here, and only read by hiredis.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    let bytes = UnsafeRawBufferPointer(start: text, count: length)
                    let value: RedisValue =
                        switch task!.pointee.type {
                        case REDIS_REPLY_STATUS: .status(String(decoding: bytes, as: UTF8.self))
                        case REDIS_REPLY_ERROR: .error(String(decoding: bytes, as: UTF8.self))
                        default: .bulk(Array(bytes))
                        }
                    ReplyBuilder.of(task).leaf(value)
                    return ReplyBuilder.marker
                },
                createArray: { task, count in
                    ReplyBuilder.of(task).begin(Int(count))
                    return ReplyBuilder.marker
                },
                createInteger: { task, number in
                    ReplyBuilder.of(task).leaf(.integer(number))
                    return ReplyBuilder.marker
                },
                createNil: { task in
                    ReplyBuilder.of(task).leaf(.null)
                    return ReplyBuilder.marker
                },
                freeObject: { _ in }))
        return functions
    }()
}
