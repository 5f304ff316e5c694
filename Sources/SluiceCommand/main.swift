import Glibc

exit(await SluiceTool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
