import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { exitCodes } from "../exitCodes.ts"

/** A file exists and could not be read, even after retries. Its content is unknown. */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {
  path: Schema.String,
  reason: Schema.String,
  owner: Schema.NullOr(Schema.Int), // null if the system does not say
  user: Schema.NullOr(Schema.Int)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.unreadable
  override get message(): string {
    const { owner, path, reason, user } = this
    const whose = owner === null ? "" : `; it belongs to user ${owner}, and the sidecar runs as user ${user}`
    return `agentcom-sidecar: ${path} could not be read: ${reason}${whose}; nothing was changed and no agent was woken ` +
      "or stopped: make it readable, and the next start goes on from there"
  }
}
