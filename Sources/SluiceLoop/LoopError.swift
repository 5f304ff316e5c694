internal import CSluiceLibuv

/// A failure reported by libuv or by the operating system through it.
package struct LoopError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error's name as in `errno.h`, for example `ECONNREFUSED`.
    package let code: String
    /// What was attempted and what the system said.
    package let message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// From a negative libuv status.
    package init(status: Int32, _ attempt: String) {
        let name = unsafe String(cString: uv_err_name(status))
        let text = unsafe String(cString: uv_strerror(status))
        self.init(code: name, message: "\(attempt): \(text) (\(name))")
    }

    package var description: String { message }
}
