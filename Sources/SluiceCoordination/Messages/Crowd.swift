/// Who waits in a pool, as its leader has heard: by tier, the most urgent first.
package struct Crowd: Hashable, Sendable {
    /// How many wait.
    package var waiting: [Int]
    /// How many nodes they wait on.
    package var nodes: [Int]

    package init(waiting: [Int], nodes: [Int]) {
        self.waiting = waiting
        self.nodes = nodes
    }

    /// Nobody, as far as is known.
    package static let nobody = Crowd(waiting: [0, 0, 0], nodes: [0, 0, 0])
}
