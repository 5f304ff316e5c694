/// How benchmarks write figures.
enum BenchText {
    /// A number with so many decimal places, rounded; at least one place.
    static func decimal(_ number: Double, _ places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((number * Double(scale)).rounded())
        let fraction = String(abs(scaled) % scale)
        return "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
