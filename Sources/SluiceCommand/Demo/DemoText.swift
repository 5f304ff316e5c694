import Foundation
import SluiceLoop

/// Small matters of text that the demo's parts share.
enum DemoText {
    /// Reads a duration that belongs to an option.
    static func duration(_ text: String, of option: String) throws(DemoError) -> Duration {
        do {
            return try Duration(text: text)
        } catch {
            throw DemoError("\(option): \(error)")
        }
    }

    /// Reads a count that belongs to an option.
    static func count(_ text: String, of option: String, in bounds: ClosedRange<Int>) throws(DemoError) -> Int {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int(text), bounds.contains(count)
        else {
            let upper = bounds.upperBound == .max ? "up" : "to \(bounds.upperBound)"
            throw DemoError("\(option): “\(text)” is no count that would do; write a whole number from \(bounds.lowerBound) \(upper)")
        }
        return count
    }

    /// a, b, c … for the first, second, third mirror.
    static func mirrorName(_ index: Int) -> String {
        index < 26 ? String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index))) : "m\(index)"
    }

    /// One line on standard error, in one write, so that lines of several tasks do not mix.
    static func say(_ line: String) { write(line + "\n", to: 2) }

    /// Text to a descriptor, whole.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
        }
    }

    /// Seconds with one decimal.
    static func seconds(_ span: Duration) -> String { fixed(Double(span.microseconds) / 1_000_000, 1) + " s" }

    /// A number with so many decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

    /// `1 call`, `2 calls`.
    static func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
    }
}
