import Glibc
import Sluice
import SluiceLoop

/// One process of a benchmark, which starts it. Each `SIGUSR1` asks for a round; `SIGTERM` ends it.
enum BenchWorker {
    /// The name of the hidden subcommand.
    static let name = "bench-worker"

    /// Runs until told to end.
    static func run(_ words: [String]) async throws -> ExitStatus {
        let options = try BenchWorkerOptions(words: words)
        let loop = EventLoop(name: "bench")
        let signals = SignalStream(on: loop, signals: [SIGUSR1, SIGTERM, SIGINT])
        let received = await signals.start()
        do {
            switch options.work {
            case .serve: try await FixedServer.serve(until: received)
            case .soak: try await SoakLoad.run(options, until: received)
            case .script: try await rounds(of: try await CounterTaker(options: options, loop: loop), on: received)
            case .flood, .pace, .ask: try await takeSlots(options, on: loop, received)
            }
        } catch {
            await signals.close()
            await loop.shutDown()
            throw error
        }
        await signals.close()
        await loop.shutDown()
        return .success
    }

    private static func takeSlots(_ options: BenchWorkerOptions, on loop: EventLoop, _ signals: AsyncStream<Int32>) async throws {
        var configuration = PoolConfiguration(
            mirrors: try options.mirrors.enumerated().map { index, url in
                MirrorConfiguration(url: url, name: DemoText.mirrorName(index), limits: [try .init(text: options.limit)])
            })
        configuration.pool = "bench"
        configuration.redis = options.redis
        configuration.isLongLived = options.leads
        configuration.timeout = .seconds(2)
        configuration.log = { DemoText.say("\(name): \($0)") }
        let pool = try await MirrorPool(configuration)
        do {
            // The first slot of new data comes after its muster.
            try await pool.withSlot { _ in }
            try await rounds(of: try await SlotTaker(pool: pool, options: options, loop: loop), on: signals)
        } catch {
            await pool.shutDown(grace: .zero)
            throw error
        }
        await pool.shutDown(grace: .zero)
    }

    /// A round for each signal that asks for one, until another comes.
    private static func rounds(of worker: some RoundWorker, on signals: AsyncStream<Int32>) async throws {
        DemoText.write("ready\n", to: 1)
        do {
            for await signal in signals {
                guard signal == SIGUSR1 else { break }
                let tally = try await worker.round()
                DemoText.write(tally.text + "\n", to: 1)
            }
        } catch {
            await worker.close()
            throw error
        }
        await worker.close()
    }
}

/// A process of a benchmark; its arguments are the benchmark's own affair.
struct BenchWorkerCommand: Command {
    static let manual = Manual(
        name: BenchWorker.name, summary: "a process of sluice bench, which starts it.", synopsis: "…", takesWordsAsTheyAre: true,
        statuses: [(.success, "done"), (.failure, "failed")], isHidden: true)

    private let words: [String]

    init(_ arguments: Arguments, environment: [String: String]) { words = arguments.operands }

    func run(_ console: Console) async throws -> ExitStatus { try await BenchWorker.run(words) }
}
