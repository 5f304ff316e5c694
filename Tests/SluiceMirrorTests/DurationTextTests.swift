import SluiceLoop
import Testing

struct DurationTextTests {
    @Test(arguments: [
        ("50ms", Duration.milliseconds(50)), ("0s", .zero), ("60s", .seconds(60)), ("10m", .seconds(600)), ("1h", .seconds(3_600)),
        ("1d", .seconds(86_400)), ("36500d", DurationText.longest), ("007s", .seconds(7)),
    ])
    func `a number with a unit is a duration`(text: String, duration: Duration) throws {
        #expect(try Duration(text: text) == duration)
    }

    @Test(arguments: [
        ("", "empty"), ("s", "start with a digit"), ("60", "unit is missing"), ("60S", "\"S\" is unknown"), ("1.5s", "\".5s\" is unknown"),
        ("-1s", "start with a digit"), (" 1s", "start with a digit"), ("1 s", "\" s\" is unknown"), ("36501d", "longer than"),
        ("9223372036854775807d", "longer than"), ("9223372036854775808ms", "too large"), ("٣s", "start with a digit"), ("1m30s", "unknown"),
    ])
    func `what is no duration is refused with its reason`(text: String, reason: String) {
        let error = #expect(throws: DurationTextError.self) { try Duration(text: text) }
        #expect(error?.description.contains(reason) == true)
        #expect(error?.description.contains("\"\(text)\"") == true)
        #expect(error?.description.contains("60s") == true)
    }

    @Test(arguments: [("1500ms", "1500ms"), ("60s", "1m"), ("86400s", "1d"), ("90m", "90m"), ("0ms", "0s"), ("7s", "7s")])
    func `a duration is written in its largest exact unit, and reads back`(text: String, written: String) throws {
        let duration = try Duration(text: text)
        #expect(duration.text == written)
        #expect(try Duration(text: duration.text) == duration)
    }
}
