import Testing

/// Several real processes, a real Redis, strict mirrors that judge. One test at a time: they load the machine, and each has
/// the processor to itself.
@Suite(.serialized, .timeLimit(.minutes(2)))
enum Integration {}
