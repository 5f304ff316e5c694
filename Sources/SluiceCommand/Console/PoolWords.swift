import Sluice
import SluiceLoop
import SluiceRedis

/// What several commands say in the same words.
enum PoolWords {
    /// The warning that a pool without Redis reaches no further than its process.
    static func embedded(for command: String) -> String {
        "sluice \(command): no Redis is named (--redis, SLUICE_REDIS_URL): limits and cache hold for this process only"
    }

    /// `200 from mirror a` or `200 from redis, 12 s old, fresh for 48 s`.
    static func provenance(of answer: Answer) -> String {
        var words = "\(answer.status) from "
        if case .mirror(let name) = answer.source { words += "mirror \(name)" } else { words += answer.source.description }
        if answer.isCollapsed { words += " (a fetch shared with another call)" }
        words += ", \(time(answer.age)) old"
        words += answer.isStale ? ", stale for \(time(.zero - answer.freshFor))" : ", fresh for \(time(answer.freshFor))"
        return words
    }

    /// An error's sentence, with what lies underneath unless that says the same.
    static func sentence(of error: any Error) -> String {
        guard let error = error as? SluiceError else { return "\(error)" }
        guard let underlying = error.underlying.map({ "\($0)" }), !error.message.contains(underlying) else { return error.message }
        return "\(error.message) (\(underlying))"
    }

    /// `1 slot`, `2 slots`.
    static func counted(_ count: some CustomStringConvertible, _ noun: String) -> String {
        "\(count) \(noun)\(count.description == "1" ? "" : "s")"
    }

    /// The pool and where it lives, without a password: `posts at redis://127.0.0.1:6379/0`.
    static func place(of configuration: PoolConfiguration) -> String {
        guard let url = configuration.redis else { return "\(configuration.pool) in this process alone" }
        return "\(configuration.pool) at \((try? RedisEndpoint(url: url))?.description ?? "Redis")"
    }

    /// A number of bytes for a reader: `812 B`, `1.4 MiB`.
    static func bytes(_ count: Int) -> String {
        for (name, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where count >= factor {
            return "\(count / factor).\(count % factor * 10 / factor) \(name)"
        }
        return "\(count) B"
    }

    /// A span of time for a reader: `850 ms`, `2.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
    static func time(_ span: Duration) -> String {
        let milliseconds = max(0, span.microseconds / 1_000)
        let seconds = milliseconds / 1_000
        switch milliseconds {
        case ..<1_000: return "\(milliseconds) ms"
        case ..<9_950:
            let tenths = (milliseconds + 50) / 100
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        case ..<59_500: return "\((milliseconds + 500) / 1_000) s"
        case ..<60_500: return "1 min"
        case ..<3_600_000: return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400_000: return seconds / 60 % 60 == 0 ? "\(seconds / 3_600) h" : "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: return seconds / 3_600 % 24 == 0 ? "\(seconds / 86_400) d" : "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}
