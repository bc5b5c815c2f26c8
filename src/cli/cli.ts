import { exitCodes } from "../exitCodes.ts"
import { version } from "../version.ts"
import { parse } from "./arguments.ts"
import { commands } from "./commands.ts"

/** Starts what the command line asks for; the command itself sets the exit code and may run on. */
export const cli = async (argv: ReadonlyArray<string>): Promise<void> => {
  const invocation = parse(argv)
  switch (invocation._tag) {
    case "Help":
      process.stdout.write((await import("./help.ts")).helpOf(invocation.command))
      return
    case "Version":
      process.stdout.write(`${version}\n`)
      return
    case "Misused":
      process.stderr.write(`agentcom-sidecar: ${invocation.problem} (see agentcom-sidecar --help)\n`)
      process.exitCode = exitCodes.usage
      return
    case "Run": {
      const { main } = await commands[invocation.command].load()
      main(invocation.options, invocation.rest ?? [])
    }
  }
}
