import * as Effect from "effect/Effect"
import { join } from "node:path"
import { attempt, exists } from "../storage/files.ts"
import { isHeld } from "../storage/folderLock.ts"
import { inspectDatabase } from "../storage/messages/inspectDatabase.ts"
import type { DatabaseError } from "../storage/messages/schema.ts"
import { type Check, failed, ok, type Outcome, skipped } from "./Check.ts"
import { lockCheck } from "./folder.ts"

const remedies: Readonly<Record<DatabaseError["kind"], string>> = {
  damaged: "start the sidecar: it moves the file aside, and reads from the hub what that still has",
  newer: "run that version, or move the file away",
  failed: "give the file to the user that runs the sidecar (chown), or fix what the system reports"
}

const unusable = (path: string, reason: string, remedy: string) => failed(`${path} cannot be used: ${reason}`, remedy)

const outcomeOf = (path: string): Outcome => {
  const problem = inspectDatabase(path)
  return problem === null
    ? ok(`${path} can be read, and is whole`)
    : unusable(path, problem.reason, remedies[problem.kind])
}

const look = Effect.fnUntraced(function*(path: string) {
  const isThere = (suffix: string) => attempt(path, () => exists(`${path}${suffix}`))
  if (!(yield* isThere(""))) return ok(`there is no ${path} yet: it is made for the first message`)
  return (yield* isThere("-wal"))
    ? skipped("the last sidecar was killed, and its messages are read whole by the next")
    : outcomeOf(path)
}, Effect.catchTag("FileError", ({ path, reason }) => Effect.succeed(unusable(path, reason, remedies.failed))))

/** Whether the messages that were received and are to be sent can be read. A file that a sidecar has open is left alone. */
export const inboxCheck: Check = {
  name: "inbox",
  needs: lockCheck.name,
  run: ({ folder }) =>
    Effect.flatMap(
      Effect.orElseSucceed(isHeld(folder), () => true),
      (held) =>
        held
          ? Effect.succeed(skipped("the running sidecar has read its messages whole at its start"))
          : look(join(folder, "agent.sqlite"))
    )
}
