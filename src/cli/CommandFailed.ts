import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { exitCodes } from "../exitCodes.ts"

/** A failure that the user can fix. The command prints the message and exits with the code. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  message: Schema.String,
  exitCode: Schema.Int
}) {
  override readonly [Runtime.errorExitCode] = this.exitCode
}

/** A failure whose message begins with the name of the program. */
export const failed = (problem: string, exitCode: number): CommandFailed =>
  new CommandFailed({ message: `agentcom-sidecar: ${problem}`, exitCode })

/** A value on the command line that cannot be used. */
export const misused = (problem: string): CommandFailed =>
  failed(`${problem} (see agentcom-sidecar --help)`, exitCodes.usage)
