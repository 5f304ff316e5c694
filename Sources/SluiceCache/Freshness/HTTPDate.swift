/// Dates of HTTP (RFC 9110 section 5.6.7) as seconds since 1970: the preferred form and the two obsolete ones.
package enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`; nil for anything else.
    ///
    /// A year of two digits is taken to lie between 1970 and 2069: no clock is asked.
    package static func seconds(_ text: String) -> Int64? {
        let pieces = text.lowercased().split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        guard pieces.count == 6 || pieces.count == 5 else { return nil }
        let isClassic = months.contains(pieces[1])  // asctime: the month comes first, the year last
        guard isClassic ? pieces.count == 5 : pieces.count == 6 && pieces[5] == "gmt" else { return nil }
        let (day, month, year, time) =
            isClassic ? (pieces[2], pieces[1], pieces[4], pieces[3]) : (pieces[1], pieces[2], pieces[3], pieces[4])
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { number(String($0), digits: 2...2) ?? -1 }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2]),
            let dayNumber = number(day, digits: 1...2), (1...31).contains(dayNumber),
            let monthIndex = months.firstIndex(of: month),
            var yearNumber = number(year, digits: 2...4), year.utf8.count != 3
        else { return nil }
        if year.utf8.count == 2 { yearNumber += yearNumber < 70 ? 2_000 : 1_900 }
        return days(year: yearNumber, month: Int64(monthIndex) + 1, day: dayNumber) * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar: years are counted from March, so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
    }

    private static func number(_ text: String, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }
}
