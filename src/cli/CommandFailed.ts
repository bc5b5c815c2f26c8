import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

/** A command ends because of something its user can mend; the message is one sentence that says what. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  message: Schema.String,
  exitCode: Schema.Int
}) {
  override readonly [Runtime.errorExitCode] = this.exitCode
}
