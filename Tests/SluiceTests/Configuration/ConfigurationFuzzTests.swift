import SluiceRandom
import Testing

@testable import Sluice

/// Whatever is read from outside ends in a value that holds or an error that says where: never in a trap, never in a long wait.
@Suite(.timeLimit(.minutes(10)))
struct ConfigurationFuzzTests {
    private static let file = Array(
        """
        {"pool": "posts", "redis": "redis://u:p@h:1/3", "mirrors": [{"url": "https://one.example.org/v1/", "name": "one", "limits":
        ["30/60s", "1000/1d"], "burst": 5, "concurrency": 4, "headers": {"X-Key": "s\\u00e9\\ud83d\\ude00"}}, {"url": "http://two"}],
        "cache": {"fresh": "5m", "stale": "1h", "memory": 1048576}, "timeout": "3s", "deadline": "20s", "lease": "4s",
        "listen": "[::1]:9000", "routes": [{"path": "/get/{id}", "upstream": "/todos/{id}", "fresh": "1m", "stale": null}]}
        """.utf8)

    private static let pieces: [[UInt8]] =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "-", "0", "9999999999999999999", "1e999", "/", "//", "..",
            "@",
            "{id}", "%00", "%", "ms", "d", "\n", "\r", " ", "\u{0}", "é", "😀", "limit=", "http://", "=", "1/1s", "--",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    /// Some bytes changed, taken away, doubled, or replaced by a piece that means something somewhere.
    private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let start = Int.random(in: 0...result.count, using: &random)
            let end = min(result.count, start + Int.random(in: 0...8, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: result.replaceSubrange(start..<end, with: pieces.randomElement(using: &random)!)
            case 1: result.removeSubrange(start..<end)
            case 2: result.insert(contentsOf: result[start..<end], at: start)
            default: result.insert(UInt8.random(in: 0...255, using: &random), at: start)
            }
        }
        return result
    }

    private func check(_ error: SluiceError, _ input: [UInt8]) {
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(input)")
        #expect(error.message.unicodeScalars.count < 1_500, "\(input)")
    }

    @Test(arguments: 1...8)
    func `a garbled file is read or refused with its place`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var accepted = 0
        for _ in 0..<700 {
            let input = Self.mutated(Self.file, &random)
            do throws(SluiceError) {
                let read = try PoolConfiguration.read(flags: [("config", "f")], environment: [:]) { _ throws(SluiceError) in input }
                accepted += 1
                #expect(throws: Never.self) { try read.validate() }
            } catch {
                check(error, input)
                #expect(error.message.hasPrefix("f:") || error.message.hasPrefix("no mirror"), "\(error.message)")
            }
        }
        #expect(accepted > 0, "a fuzzer that garbles all tests little")
    }

    @Test(arguments: 1...4)
    func `garbled mirrors, limits and sizes are read or refused`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let seeds = [
            "http://127.0.0.1:9001/base,limit=30/60s,limit=1000/1d,burst=5,concurrency=4,name=a", "https://h,limit=1/1ms", "64MiB",
            "30/60s", "1000/31d",
        ].map { Array($0.utf8) }
        for _ in 0..<1_500 {
            let input = Self.mutated(seeds.randomElement(using: &random)!, &random)
            let text = String(decoding: input, as: UTF8.self)
            do throws(SluiceError) {
                let mirror = try MirrorConfiguration(text: text)
                #expect(mirror.limits.allSatisfy { $0.count >= 1 && $0.window >= .milliseconds(1) })
                do throws(SluiceError) { try PoolConfiguration(mirrors: [mirror]).validate() } catch { check(error, input) }
            } catch {
                check(error, input)
            }
            do throws(SluiceError) { _ = try MirrorConfiguration.Limit(text: text) } catch { check(error, input) }
            do throws(ConfigurationProblem) {
                #expect((0...ByteSizeText.largest).contains(try ByteSizeText.bytes(of: text)))
            } catch {
                check(error.error, input)
            }
            do throws(SluiceError) {
                _ = try PoolConfiguration.read(environment: [
                    "SLUICE_MIRRORS": text, "SLUICE_LISTEN": text, "SLUICE_FRESH": text, "SLUICE_POOL": text, "SLUICE_REDIS_URL": text,
                ])
            } catch {
                check(error, input)
            }
        }
    }

    @Test(arguments: 1...4)
    func `random bytes are JSON or refused within the text`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<1_500 {
            var input: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) { input += Self.pieces.randomElement(using: &random)! }
            do throws(JSONTextError) { _ = try JSONReader.read(input) } catch {
                #expect((0...input.count).contains(error.offset), "\(input)")
            }
        }
    }
}
