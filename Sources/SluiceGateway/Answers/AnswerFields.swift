import Glibc
import Sluice

/// What a client is told in a mirror's header fields.
struct AnswerFields: Sendable {
    private let places: MirrorPlaces

    init(_ places: MirrorPlaces) { self.places = places }

    /// References to the mirrors lead here: a client that followed them there would take slots that nobody counts.
    func led(_ fields: [(name: String, value: String)]) -> [(name: String, value: String)] {
        fields.map { field in
            guard Self.references.contains(field.name.lowercased()), let path = places.path(of: field.value) else { return field }
            return (field.name, path)
        }
    }

    /// The same for an answer that was kept, with its date: where the mirror gave none, when it was received (RFC 9110, section 6.6.1).
    func kept(_ fields: [(name: String, value: String)], age: Duration) -> [(name: String, value: String)] {
        let fields = led(fields)
        guard !fields.contains(where: { $0.name == "date" }) else { return fields }
        return fields + [(name: "Date", value: Self.date(time(nil) - time_t(max(0, age.components.seconds))))]
    }

    private static let references: Set<String> = ["location", "content-location"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`; the C library's names of days and months, since nobody here sets another locale.
    private static func date(_ seconds: time_t) -> String {
        var (seconds, parts) = (seconds, unsafe tm())
        let text = unsafe [CChar](unsafeUninitializedCapacity: 32) { buffer, count in
            unsafe gmtime_r(&seconds, &parts)
            count = unsafe strftime(buffer.baseAddress!, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        }
        return String(decoding: text.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
