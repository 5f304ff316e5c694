import Glibc

/// What this process or its machine can run out of. That it did says nothing about the host that was to be asked.
enum Resources {
    /// Whether a call of the system failed for want of memory or of file descriptors.
    static func isLack(_ fault: Int32) -> Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(fault) }

    /// Why no file, and so no socket, can be opened now; nil: one can. For failures that do not tell.
    static func lackOfFiles() -> Int32? {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard file < 0 else {
            close(file)
            return nil
        }
        return isLack(errno) ? errno : nil
    }

    /// What happened, and what to do.
    static func sentence(of fault: Int32) -> String {
        switch fault {
        case EMFILE: "this process has as many files open as it may; raise its limit (ulimit -n, LimitNOFILE=), or let it do less at once"
        case ENFILE: "this machine has as many files open as it can; raise fs.file-max, or find who holds so many"
        default: "this machine has no memory left for another connection"
        }
    }
}
