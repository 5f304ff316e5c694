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
                        name: "access-log", value: "FILE",
                        purpose:
                            "a line in the Combined Log Format for every request: a file that is appended to, or - for standard output",
                        standard: "none", variable: logVariable),
                    .init(
                        name: "grace", value: "TIME", purpose: "how long requests under way may take to end once it is told to stop",
                        standard: "5s"),
                    .init(
                        name: "idle", value: "TIME",
                        purpose: "how long a connection may take for its next complete request, and an answer for its next progress",
                        standard: GatewayConfiguration().idleTimeout.text),
                    .init(
                        name: "max-connections", value: "COUNT", purpose: "connections at once; more wait until one ends",
                        standard: "\(GatewayConfiguration().maxConnections)"),
                    .init(
                        name: "max-body", value: "BYTES", purpose: "the largest body of a request; a longer one gets 413",
                        standard: "\(GatewayConfiguration().maxBodyBytes)"),
                    .init(
                        name: "max-head", value: "BYTES",
                        purpose: "the longest request line and headers, 2048 to 65536; a longer head gets 431",
                        standard: "\(GatewayConfiguration().maxHeaderBytes)"),
                ]),
            PoolOptions.group(PoolSetting.allCases),
        ],
        notes: [
            "GET /any/path is answered with a mirror's status, headers (but for cookies and quotas) and body; no field of a GET goes to the "
                + "mirror, of other methods those that README.md lists. Cache-Status, Age and Sluice-Mirror tell where they "
                + "came from, Prefer: wait=10 sets the deadline in seconds. Under /-/ are health, ready, status (JSON), metrics "
                + "(Prometheus) and POST purge?path=…|tag=…|prefix=…|all=1 (a path as clients write it, a prefix of the paths that the mirrors are "
                + "asked for: routes lie between); status, metrics and purge answer whoever has the bearer token in \(tokenVariable) and "
                + "nobody else, without one this host alone.",
            "Where it listens is told on standard error; the access log alone goes to standard output, and only with --access-log -. A log "
                + "file is opened once: let logrotate copy and truncate it. SIGTERM and SIGINT end it in order: no new requests, those under way are "
                + "answered, slots and lease are given back. A second signal ends it at once.",
            "Times are a whole number and ms, s, m, h or d.",
        ],
        statuses: [(.success, "it was told to stop"), (.failure, "it could not listen, or Redis refused it")],
        examples: [
            "serve --config pool.json",
            "serve --config pool.json --listen 0.0.0.0:8080 --access-log - --max-connections 10000",
            "serve --redis redis://127.0.0.1:6379/0 --pool posts --mirror http://127.0.0.1:9001,limit=30/60s --listen 127.0.0.1:8080",
        ])

    /// The variable with the bearer token for what the gateway manages; no flag, since the arguments of a process are no secret.
    static let tokenVariable = "SLUICE_MANAGEMENT_TOKEN"

    /// The variable for `--access-log`.
    static let logVariable = "SLUICE_ACCESS_LOG"

    private let configuration: PoolConfiguration
    private let gateway: GatewayConfiguration
    private let grace: Duration
    private let logPath: String?

    init(_ arguments: Arguments, environment: [String: String]) throws {
        configuration = try PoolOptions.configuration(arguments, environment: environment)
        var gateway = GatewayConfiguration(configuration)
        if let token = environment[Self.tokenVariable], !token.isEmpty {
            if let fault = GatewayConfiguration.fault(inToken: token) {
                throw SluiceError(.invalidConfiguration, "\(Self.tokenVariable): \(fault)")
            }
            gateway.managementToken = token
        }
        if let count = try arguments.count("max-connections", in: 1...1_000_000) { gateway.maxConnections = count }
        if let bytes = try arguments.count("max-body", in: 0...1 << 30) { gateway.maxBodyBytes = bytes }
        if let bytes = try arguments.count("max-head", in: 2_048...65_536) { gateway.maxHeaderBytes = bytes }
        if let time = try arguments.time("idle") {
            guard time >= .milliseconds(10) else { throw UsageError("--idle: \(time.text) is out of bounds; give 10ms to 1h") }
            gateway.idleTimeout = time
        }
        try gateway.validate()
        self.gateway = gateway
        grace = try arguments.time("grace") ?? .seconds(5)
        let path = arguments.value("access-log") ?? environment[Self.logVariable]
        logPath = path?.isEmpty == false ? path : nil
    }

    func run(_ console: Console) async throws -> ExitStatus {
        let say: @Sendable (String) -> Void = { console.error("sluice serve: \($0)") }
        if configuration.redis == nil { console.error(PoolWords.embedded(for: "serve")) }
        var configuration = configuration
        configuration.log = say
        var gateway = gateway
        let log: AccessLog?
        do { log = try logPath.map { try AccessLog(path: $0, complain: say) } } catch {
            say("\(error)")
            return .failure
        }
        if let log { gateway.accessLog = { log.note($0.combined) } }
        let room = OpenFiles.room(for: gateway.maxConnections)
        if room < gateway.maxConnections {
            say(
                "this process may open so few files that \(room) connections at once are taken, not \(gateway.maxConnections); "
                    + "raise the limit (ulimit -Hn, LimitNOFILE=) or lower --max-connections")
            gateway.maxConnections = room
        }
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
        if gateway.managementToken == nil, !server.isLoopbackOnly {
            say("/-/status, /-/metrics and /-/purge answer this host alone; set \(Self.tokenVariable) to let others in")
        }
        say("listening on http://\(server.address)")
        let signal = await interruption.wait()
        say("\(signal == SIGINT ? "SIGINT" : "SIGTERM"): finishing what is under way, for at most \(PoolWords.time(grace))")
        await server.shutDown(grace: grace)
        await pool.shutDown(grace: .zero)
        log?.close()
        say("ended")
        return .success
    }
}
