/// A table for people: columns as wide as their widest cell, two blanks apart.
struct TextTable: Sendable {
    /// How a column's cells stand.
    enum Alignment: Sendable {
        case left
        /// For numbers.
        case right
    }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, alignment: Alignment)]) { self.columns = columns }

    /// A row below the others; it has a cell for each column.
    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The title row and the rows.
    var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (columns[column].alignment == .left ? cell + blanks : blanks + cell)
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
