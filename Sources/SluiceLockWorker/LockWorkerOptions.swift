/// What a worker is told: `TASK --name value …`.
struct LockWorkerOptions {
    enum Task: String {
        /// Each acquisition is shown to a witness.
        case prove
        /// Each acquisition's times are printed at the end.
        case measure
    }

    enum Place: String {
        /// A thread of the worker's.
        case own
        /// The pool's.
        case pool
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    let task: Task
    var redis = ""
    var name = "lock"
    /// 1: a lock; more: a semaphore with so many.
    var permits = 1
    var lease = Duration.seconds(2)
    /// prove: how many acquisitions.
    var count = 1_000
    /// prove: the witness's port on 127.0.0.1.
    var witness: UInt16 = 0
    /// measure: when to begin and when to end, in µs of the host's continuous clock.
    var from: Int64 = 0
    var until: Int64 = 0
    /// measure: where the worker's task runs.
    var place = Place.own
    /// How long to hold, and how long to think afterwards.
    var hold = Duration.zero
    var think = Duration.zero

    init(_ arguments: [String]) throws(Problem) {
        guard let task = arguments.first.flatMap(Task.init(rawValue:)) else {
            throw Problem(description: "the first argument is \(arguments.first ?? "missing"); give prove or measure")
        }
        self.task = task
        var rest = arguments.dropFirst()
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Problem(description: "\(option) needs a value") }
            func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(Problem) -> Number {
                guard let number = Number(value) else { throw Problem(description: "\(option) is \(value); give a whole number") }
                return number
            }
            switch option {
            case "--redis": redis = value
            case "--name": name = value
            case "--permits": permits = try number(Int.self)
            case "--lease-ms": lease = .milliseconds(try number(Int64.self))
            case "--count": count = try number(Int.self)
            case "--witness": witness = try number(UInt16.self)
            case "--from": from = try number(Int64.self)
            case "--place":
                guard let known = Place(rawValue: value) else { throw Problem(description: "--place is \(value); give own or pool") }
                place = known
            case "--until": until = try number(Int64.self)
            case "--hold-us": hold = .microseconds(try number(Int64.self))
            case "--think-us": think = .microseconds(try number(Int64.self))
            default: throw Problem(description: "\(option) is unknown")
            }
        }
    }
}
