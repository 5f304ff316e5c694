import Glibc
import Sluice
import SluiceGateway
import SluiceLoop

/// `sluice serve`: the gateway, until it is told to stop.
struct ServeCommand: Command {
    static let manual = Manual(
        name: "serve",
        summary: "the gateway: an HTTP sidecar that answers GET requests of any program from the pool.",
        synopsis: "[options]",
        groups: [
            Manual.Group(
                title: "Options",
                options: [
                    .init(
                        name: "grace", value: "TIME", purpose: "how long requests under way may take to end once it is told to stop",
                        standard: "5s")
                ]),
            PoolOptions.group(PoolSetting.allCases),
        ],
        notes: [
            "GET /any/path is answered with a mirror's status, headers and body; Cache-Status, Age and Sluice-Mirror tell where they "
                + "came from, Prefer: wait=10 sets the deadline in seconds. Under /-/ are health, ready, status (JSON), metrics "
                + "(Prometheus) and POST purge?path=…|tag=…; status and metrics answer this host, or whoever has the bearer token in "
                + "\(tokenVariable); purge needs that token when there is one, this host otherwise.",
            "Where it listens is told on standard error. SIGTERM and SIGINT end it in order: no new requests, those under way are "
                + "answered, slots and lease are given back. A second signal ends it at once.",
            "Times are a whole number and ms, s, m, h or d.",
        ],
        statuses: [(.success, "it was told to stop"), (.failure, "it could not listen, or Redis refused it")],
        examples: [
            "serve --config pool.json",
            "serve --redis redis://127.0.0.1:6379/0 --pool posts --mirror http://127.0.0.1:9001,limit=30/60s --listen 127.0.0.1:8080",
        ])

    /// The variable with the bearer token for what the gateway manages; no flag, since the arguments of a process are no secret.
    static let tokenVariable = "SLUICE_MANAGEMENT_TOKEN"

    private let configuration: PoolConfiguration
    private let gateway: GatewayConfiguration
    private let grace: Duration

    init(_ arguments: Arguments, environment: [String: String]) throws {
        configuration = try PoolOptions.configuration(arguments, environment: environment)
        var gateway = GatewayConfiguration(configuration)
        if let token = environment[Self.tokenVariable], !token.isEmpty { gateway.managementToken = token }
        try gateway.validate()
        self.gateway = gateway
        grace = try arguments.time("grace") ?? .seconds(5)
    }

    func run(_ console: Console) async throws -> ExitStatus {
        func say(_ text: String) { console.error("sluice serve: \(text)") }
        if configuration.redis == nil { console.error(PoolWords.embedded(for: "serve")) }
        var configuration = configuration
        configuration.log = { console.error("sluice serve: \($0)") }
        let interruption = await Interruption()
        let pool = try await MirrorPool(configuration)
        let server: Gateway
        do throws(SluiceError) {
            server = try await Gateway(pool: pool, configuration: gateway)
        } catch {
            // What can be wrong in the configuration itself has been checked before: this is the address, here and now.
            await pool.shutDown(grace: .zero)
            say(PoolWords.sentence(of: error))
            return .failure
        }
        for line in try configuration.mirrorLines() { say("mirror \(line)") }
        say("pool \(PoolWords.place(of: configuration)), node \(pool.node)")
        say("listening on http://\(server.address)")
        let signal = await interruption.wait()
        say("\(signal == SIGINT ? "SIGINT" : "SIGTERM"): finishing what is under way, for at most \(PoolWords.time(grace))")
        await server.shutDown(grace: grace)
        await pool.shutDown(grace: .zero)
        say("ended")
        return .success
    }
}
