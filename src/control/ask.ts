import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { readFile, stat } from "node:fs/promises"
import { emptyStore, StoredState } from "../domain/SidecarState.ts"
import { fromExactJson } from "../json/schema.ts"
import { askSidecar } from "./client.ts"
import { Answer, keyOf, type Request, type Status } from "./protocol.ts"

/** The folder of an agent, and what shows that we may ask its sidecar. */
export interface Folder {
  readonly path: string
  readonly state_file: string
  readonly token: Redacted.Redacted<string>
}

/** The running sidecar does not tell us what we asked. */
export class NotAnswered extends Schema.TaggedError<NotAnswered>()("NotAnswered", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `agentcom-sidecar: the sidecar of ${this.folder} does not answer: ${this.reason}`
  }
}

const decodeAnswer = Schema.decodeUnknownOption(Answer)

/** What the running sidecar says of itself; null where none runs. */
export const ask = Effect.fnUntraced(function*({ path, token }: Folder, what: Request["ask"]) {
  const line = yield* askSidecar(path, { ask: what, key: keyOf(token) })
  if (line === null) return null
  const answer = Option.getOrUndefined(decodeAnswer(line))
  if (answer === undefined) return yield* new NotAnswered({ folder: path, reason: "it said nothing in time" })
  if ("refused" in answer) return yield* new NotAnswered({ folder: path, reason: answer.refused })
  return answer satisfies Status
})

/** What the state file holds; nothing where it cannot be read, which is the running sidecar's business to mend. */
export const storedIn = ({ state_file }: Folder): Effect.Effect<StoredState> =>
  Effect.tryPromise(async () => (await stat(state_file)).isFile() ? readFile(state_file, "utf8") : "").pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(fromExactJson(StoredState))),
    Effect.catch(() => Effect.succeed(emptyStore))
  )
