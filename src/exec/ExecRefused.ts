import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { exitCodes } from "../exitCodes.ts"

/** `exec` cannot begin, as it is used wrongly or not in a wake; the message is a sentence that says what to mend. */
export class ExecRefused extends Schema.TaggedError<ExecRefused>()("ExecRefused", {
  message: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}
