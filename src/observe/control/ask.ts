import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { lstat, readFile, stat } from "node:fs/promises"
import { emptyStore, StoredState } from "../../domain/SidecarState.ts"
import { exitCodes } from "../../exitCodes.ts"
import { limits } from "../../limits.ts"
import { isHeld } from "../../storage/isHeld.ts"
import { fromExactJson } from "../../text/schema.ts"
import { converse } from "./client.ts"
import { readControlFile } from "./ControlFile.ts"
import { elsewhereText, thisPlace } from "./place.ts"
import type { Command } from "./protocol.ts"

/** The folder of an agent, and the token that its configuration holds. */
export interface Folder {
  readonly path: string
  readonly state_file: string
  readonly token: Redacted.Redacted<string>
}

/** A sidecar holds the folder, or may do so, and does not tell us what we asked. */
export class NotAnswered extends Schema.TaggedError<NotAnswered>()("NotAnswered", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.unanswered
  override get message(): string {
    return `agentcom-sidecar: a sidecar holds ${this.folder}, but it does not answer: ${this.reason}`
  }
}

/** What its `control.json` tells of a sidecar that cannot be reached from here. */
const reasonOf = Effect.fnUntraced(function*(folder: string, reason: string) {
  const where = yield* Effect.map(
    Effect.all([readControlFile(folder), thisPlace]),
    ([file, here]) => elsewhereText(file, here)
  ).pipe(Effect.orElseSucceed(() => ""))
  return where === "" ? reason : `${reason}; its control.json is of one${where}`
})

/** Asks the sidecar of the folder once; fails with why it does not answer. */
export const askOnce = Effect.fnUntraced(
  function*(folder: string, command: Command, token: Redacted.Redacted<string>) {
    return yield* converse(folder, yield* readControlFile(folder), command, token)
  }
)

/**
 * What the running sidecar answers; null where none holds the folder. One that is only starting is given the time until it
 * answers.
 */
export const ask = ({ path, token }: Folder, command: Command) =>
  askOnce(path, command, token).pipe(
    Effect.catch((reason) => Effect.flatMap(isHeld(path), (held) => held ? Effect.fail(reason) : Effect.succeed(null))),
    Effect.retry({
      schedule: Schedule.spaced(limits.starting_look_ms).pipe(Schedule.upTo({ duration: limits.starting_ms })),
      while: (problem) => typeof problem === "string"
    }),
    Effect.catchIf(
      (problem) => typeof problem === "string",
      (reason) => Effect.flatMap(reasonOf(path, reason), (text) => new NotAnswered({ folder: path, reason: text }))
    )
  )

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(() => true, (cause: unknown) => {
    if (Predicate.hasProperty(cause, "code") && cause.code === "ENOENT") return false
    throw cause
  })

const readState = async (path: string): Promise<string> => {
  if (!(await isThere(path))) return JSON.stringify(emptyStore)
  if (!(await stat(path)).isFile()) throw new Error("it is no regular file") // a named pipe would be waited for
  return readFile(path, "utf8")
}

/** What the state file holds; null where that cannot be read or understood, which the next start deals with. */
export const storedIn = ({ state_file }: Folder): Effect.Effect<StoredState | null> =>
  Effect.tryPromise(() => readState(state_file)).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(fromExactJson(StoredState))),
    Effect.orElseSucceed(() => null)
  )
