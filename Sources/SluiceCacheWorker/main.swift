import Glibc

exit(await CacheWorker.main(Array(CommandLine.arguments.dropFirst())))
