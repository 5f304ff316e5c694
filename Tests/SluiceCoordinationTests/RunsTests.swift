import Testing

@testable import SluiceCoordination

@Suite struct `Runs of equal values` {
    @Test func `equal neighbours are kept as one, and counted`() {
        var runs: Runs<Int64> = [7, 7, 5]
        runs.append(5, count: 1_000_000)
        runs.append(7, count: 0)
        runs.append(contentsOf: [5, 7])
        #expect(runs.runs.map(\.value) == [7, 5, 7])
        #expect(runs.runs.map(\.count) == [2, 1_000_002, 1])
        #expect(runs.count == 1_000_005)
        #expect(runs.map { $0 > 0 }.runs.count == 1)
    }

    @Test(arguments: 0...8) func `the last of them are those that an array would have`(most: Int) {
        let values: [Int64] = [1, 1, 1, 2, 3, 3]
        #expect(Runs(values).suffix(most) == Runs(values.suffix(most)))
    }

    @Test func `their text is read as it was written`() {
        let runs: Runs<Int64> = [1_500, 1_200, 1_200, 1_200, -70]
        #expect(runs.text(String.init) == "1500,1200*3,-70")
        #expect(Runs(text: runs.text(String.init)) { Int64($0) } == runs)
        #expect(Runs<Int64>(text: "") { Int64($0) }?.isEmpty == true)
    }

    @Test(arguments: ["x", "5*", "5*x", "5*0", "5*-1", "5*2*2", "*3", "5*9999999999", "5*99999999999999999999"])
    func `a text of another form is refused`(text: String) {
        #expect(Runs<Int64>(text: text) { Int64($0) } == nil)
    }
}
