import Glibc

/// A program that a yardstick needs and that may not be there.
enum InstalledProgram {
    /// Its path, looked up in PATH and where Debian puts daemons; nil when it is not installed.
    static func path(_ name: String) -> String? {
        let search = (getenv("PATH").map { String(cString: $0) } ?? "") + ":/usr/sbin:/usr/local/sbin"
        return search.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// What to say of a program that is missing.
    static func advice(_ name: String, package: String, without: String) -> String {
        "\(name) is not installed (apt-get install \(package)): \(without)."
    }
}
