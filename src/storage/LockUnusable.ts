import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { exitCodes } from "../exitCodes.ts"

/** The lock file cannot be used. Another start may help, unless it is `foreign`: then it is no lock of ours. */
export class LockUnusable extends Schema.TaggedError<LockUnusable>()("LockUnusable", {
  path: Schema.String,
  reason: Schema.String,
  foreign: Schema.Boolean
}) {
  override readonly [Runtime.errorExitCode] = this.foreign ? exitCodes.configuration : exitCodes.unreadable
  override get message(): string {
    const remedy = this.foreign ? "; move it away, as the sidecar locks its folder by a file of that name" : ""
    return `agentcom-sidecar: ${this.path} cannot be locked: ${this.reason}${remedy}`
  }
}
