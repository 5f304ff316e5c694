// swift-tools-version: 6.2
import PackageDescription

// The same language rules for every Swift target of the package.
let languageRules: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // `any P` says where dispatch is dynamic
    .enableUpcomingFeature("MemberImportVisibility"),  // a file names what it uses
    .enableUpcomingFeature("InternalImportsByDefault"),  // C modules never leak into our interface
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // async functions stay on their caller's executor: no hop
]

// Modules that touch no C pointer are checked for memory safety as well; it costs nothing there.
let safeRules = languageRules + [.strictMemorySafety()]

let package = Package(
    name: "sluice",
    products: [
        .library(name: "Sluice", targets: ["Sluice"]),
        .library(name: "SluiceGateway", targets: ["SluiceGateway"]),
        .executable(name: "sluice", targets: ["SluiceCommand"]),
    ],
    targets: [
        // C libraries. hiredis has no pkgConfig: its flags make the compiler warn.
        .systemLibrary(name: "CSluiceLibuv", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CSluiceHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CSluiceCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSluiceMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CSluiceOpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSluiceZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // Arrows run upwards only; see Sources/Sluice/Sluice.docc/Architecture.md.
        .target(name: "SluiceRandom", swiftSettings: safeRules),
        .target(name: "SluiceLoop", dependencies: ["CSluiceLibuv"], swiftSettings: languageRules),
        .target(name: "SluiceRedis", dependencies: ["SluiceLoop", "CSluiceHiredis", "CSluiceOpenSSL"], swiftSettings: languageRules),
        .target(name: "SluiceHTTP", dependencies: ["SluiceLoop", "CSluiceCurl", "CSluiceOpenSSL"], swiftSettings: languageRules),
        .target(
            name: "SluiceCoordination", dependencies: ["SluiceLoop", "SluiceRedis"],
            resources: [.embedInCode("Scripts")], swiftSettings: languageRules),
        .target(
            name: "SluiceCache", dependencies: ["SluiceLoop", "SluiceRedis", "CSluiceZstd"],
            resources: [.embedInCode("Scripts")], swiftSettings: languageRules),
        .target(
            name: "Sluice", dependencies: ["SluiceLoop", "SluiceRedis", "SluiceHTTP", "SluiceCoordination", "SluiceCache"],
            resources: [.embedInCode("Scripts")], swiftSettings: safeRules),
        .target(name: "SluiceServer", dependencies: ["SluiceLoop", "CSluiceMicrohttpd"], swiftSettings: languageRules),
        .target(name: "SluiceMirror", dependencies: ["SluiceRandom", "SluiceLoop", "SluiceServer"], swiftSettings: safeRules),
        .target(name: "SluiceGateway", dependencies: ["Sluice", "SluiceCache", "SluiceLoop", "SluiceServer"], swiftSettings: safeRules),
        .executableTarget(
            name: "SluiceCommand",
            dependencies: [
                "SluiceRandom", "Sluice", "SluiceGateway", "SluiceMirror", "SluiceLoop", "SluiceRedis", "SluiceHTTP", "SluiceCoordination",
                "SluiceCache",
                "SluiceHarness", "SluiceServer",
            ],
            swiftSettings: languageRules),

        // The product's own decisions in virtual time, on a virtual network, with faults; for tests and for `deploy/simulate`.
        .target(
            name: "SluiceSimulation", dependencies: ["SluiceRandom", "Sluice", "SluiceCoordination", "SluiceCache", "SluiceLoop"],
            swiftSettings: safeRules),
        .executableTarget(name: "SluiceSimulate", dependencies: ["SluiceSimulation"], swiftSettings: safeRules),

        // One process that takes and gives back locks, for tests and for `deploy/bench-locks`.
        .executableTarget(name: "SluiceLockWorker", dependencies: ["Sluice"], swiftSettings: safeRules),

        // One process with the cache's two tiers, which reads and purges at random, for the coherence test.
        .executableTarget(
            name: "SluiceCacheWorker", dependencies: ["SluiceRandom", "SluiceCache", "SluiceHTTP", "SluiceRedis", "SluiceLoop"],
            swiftSettings: safeRules),

        // Small complete programs; Sources/Examples/README.md says how to run each.
        .executableTarget(
            name: "example-post", dependencies: ["Sluice"], path: "Sources/Examples/Post", exclude: ["run"], swiftSettings: safeRules),
        .executableTarget(
            name: "example-serial", dependencies: ["Sluice", "SluiceLoop", "SluiceServer"], path: "Sources/Examples/Serial",
            exclude: ["run"], swiftSettings: safeRules),
        .executableTarget(
            name: "example-semaphore", dependencies: ["Sluice"], path: "Sources/Examples/Semaphore", exclude: ["run"],
            swiftSettings: safeRules),

        // Real servers and processes, started and always ended, for the demo and for tests.
        .target(name: "SluiceHarness", swiftSettings: languageRules),

        .testTarget(
            name: "SluiceSimulationTests", dependencies: ["SluiceRandom", "SluiceSimulation", "SluiceCoordination", "SluiceLoop"],
            swiftSettings: languageRules),
        .testTarget(name: "SluiceLoopTests", dependencies: ["SluiceLoop"], swiftSettings: languageRules),
        .testTarget(
            name: "SluiceRedisTests", dependencies: ["SluiceRandom", "SluiceRedis", "SluiceLoop", "SluiceHarness", "CSluiceOpenSSL"],
            swiftSettings: languageRules),
        .testTarget(
            name: "SluiceHTTPTests", dependencies: ["SluiceRandom", "SluiceHTTP", "SluiceLoop", "SluiceHarness", "CSluiceOpenSSL"],
            swiftSettings: languageRules),
        .testTarget(
            name: "SluiceCoordinationTests",
            dependencies: ["SluiceRandom", "SluiceCoordination", "SluiceRedis", "SluiceLoop", "SluiceHarness", "SluiceMirror"],
            swiftSettings: languageRules),
        .testTarget(
            name: "SluiceCacheTests", dependencies: ["SluiceRandom", "SluiceCache", "SluiceRedis", "SluiceLoop", "SluiceHarness"],
            swiftSettings: languageRules),
        .testTarget(
            name: "SluiceMirrorTests", dependencies: ["SluiceRandom", "SluiceMirror", "SluiceServer", "SluiceLoop", "SluiceHarness"],
            swiftSettings: languageRules),
        .testTarget(
            name: "SluiceTests",
            dependencies: ["SluiceRandom", "Sluice", "SluiceCoordination", "SluiceMirror", "SluiceServer", "SluiceLoop", "SluiceHarness"],
            swiftSettings: languageRules),
        .testTarget(
            name: "SluiceGatewayTests",
            dependencies: ["SluiceRandom", "SluiceGateway", "Sluice", "SluiceMirror", "SluiceServer", "SluiceLoop", "SluiceHarness"],
            swiftSettings: languageRules),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "SluiceRandom", "Sluice", "SluiceCommand", "SluiceLoop", "SluiceHarness",
                "SluiceLockWorker", "SluiceCacheWorker", "SluiceServer",
            ],
            path: "IntegrationTests",
            swiftSettings: languageRules),
    ],
    swiftLanguageModes: [.v6]
)
