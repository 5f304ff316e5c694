import Glibc
import Sluice

/// `sluice warm`: fills the cache with a collection's items.
struct WarmCommand: Command {
    static let manual = Manual(
        name: "warm",
        summary: "asks for a collection, and stores each of its items as the answer to the item's own path: one request for all.",
        synopsis: "[options] COLLECTION --item TEMPLATE",
        operands: [("COLLECTION", "a path whose answer is a JSON list of objects: /posts")],
        operandCount: 1...1,
        groups: [
            Manual.Group(
                title: "Options",
                options: [
                    .init(
                        name: "item", value: "TEMPLATE",
                        purpose: "the path of each item; {id} stands for the item's member of that name: '/posts/{id}'"),
                    .init(name: "tag", value: "TAG", isRepeatable: true, purpose: "keep this tag with each item, for sluice purge --tag"),
                ]),
            PoolOptions.group(PoolOptions.calling),
        ],
        notes: [
            "The items are as fresh as the collection's answer, and carry its tags. Nothing is stored unless every item has its path. An item "
                + "that is there already, and no older, is kept; one that is purged meanwhile is not stored.",
            "On a terminal a bar shows how far it is. A line on standard output tells what was done.",
        ],
        statuses: [
            (.success, "every item is stored, or was there already"),
            (.failure, "the collection could not be had, an item does not fit, or not all could be stored"),
        ],
        examples: ["warm --config pool.json /posts --item '/posts/{id}'"])

    private let collection: String
    private let template: String
    private let tags: [String]
    private let configuration: PoolConfiguration

    init(_ arguments: Arguments, environment: [String: String]) throws {
        collection = arguments.operands[0]
        guard let template = arguments.value("item") else {
            throw UsageError("the items' paths are missing; give --item TEMPLATE, such as --item '\(collection)/{id}'")
        }
        self.template = template
        do {
            tags = try arguments.values("tag").map { try PoolTag($0).text }
            _ = try ItemTemplate(template)
            _ = try PoolTarget(collection)
        } catch {
            throw UsageError(PoolWords.sentence(of: error))
        }
        var configuration = try PoolOptions.configuration(arguments, environment: environment)
        guard configuration.redis != nil else {
            throw UsageError("no Redis is named, so what is stored would end with this process; give --redis URL or SLUICE_REDIS_URL")
        }
        configuration.isLongLived = false
        self.configuration = configuration
    }

    func run(_ console: Console) async throws -> ExitStatus {
        var configuration = configuration
        configuration.log = { console.error("sluice warm: \($0)") }
        let interruption = await Interruption()
        let pool = try await MirrorPool(configuration)
        let outcome = await interruption.cancelling { await warm(pool, console) }
        await pool.shutDown(grace: .zero)
        if let signal = interruption.signal {
            console.error("sluice warm: ended by \(signal == SIGINT ? "SIGINT" : "SIGTERM"); what was stored stays")
            return .failure
        }
        let report = try outcome.get()
        console.print(Self.sentence(report, of: collection))
        return report.refused == 0 ? .success : .failure
    }

    private func warm(_ pool: MirrorPool, _ console: Console) async -> Result<WarmReport, SluiceError> {
        let bar = ProgressBar(console)
        defer { bar.clear() }
        do throws(SluiceError) {
            return .success(
                try await pool.warm(collection, item: template, options: CallOptions(tags: tags)) { bar.show($0.done, of: $0.total) })
        } catch {
            return .failure(error)
        }
    }

    /// `/posts from mirror a: 98 of 100 items stored, 2 were there already`.
    private static func sentence(_ report: WarmReport, of collection: String) -> String {
        let source = if case .mirror(let name) = report.source { "mirror \(name)" } else { report.source.description }
        var parts = ["\(report.stored) of \(PoolWords.counted(report.items, "item")) stored"]
        if report.kept > 0 { parts.append("\(report.kept) there already") }
        if report.refused > 0 { parts.append("\(report.refused) not stored, since purged meanwhile or too large") }
        return "\(collection) from \(source): \(parts.joined(separator: ", "))"
    }
}
