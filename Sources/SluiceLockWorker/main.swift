import Glibc

exit(await LockWorker.main(Array(CommandLine.arguments.dropFirst())))
