import Testing

/// Several real processes, a real Redis, strict mirrors that judge. One test at a time: they measure time and load the machine, and
/// each has it to itself. Every wait in a test is bounded by itself; the limit here includes the wait for one's turn.
@Suite(.serialized, .alone, .timeLimit(.minutes(20)))
enum Integration {}

/// The same under faults: nothing is over, and every call has its answer. They mostly wait for windows, so a few run side by side.
@Suite(.sideBySide, .timeLimit(.minutes(20)))
enum Faults {}
