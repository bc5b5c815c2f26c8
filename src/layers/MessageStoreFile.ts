import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { nothingHeld, nothingKnown } from "../domain/messages/Talk.ts"
import type { Batch } from "../domain/Work.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import { MessageStore, type Opened } from "../services/MessageStore.ts"
import { type StateNotOurs, StoreError } from "../services/TaskStore.ts"
import { attempt, exists, FileError, orElseLog } from "../storage/files.ts"
import { homeOf } from "../storage/folders.ts"
import { makeHeardNote } from "../storage/messages/heardNote.ts"
import { marked, messageOperations } from "../storage/messages/messageStore.ts"
import { type Ask, makeMessageThread } from "../storage/messages/messageThread.ts"
import type { MarkedBatch, StoreLimits } from "../storage/messages/operations.ts"
import type { DatabaseError } from "../storage/messages/schema.ts"
import { notAFile, readAgain, setAside, statOf, writtenByNewer } from "../storage/reading.ts"

/** The files that SQLite keeps beside an open database. */
const journals = ["-wal", "-shm", "-journal"]

/** What is in the place of the database. */
type Found =
  | { readonly _tag: "Opened"; readonly opened: Opened }
  | { readonly _tag: "Damaged"; readonly reason: string }
  | { readonly _tag: "NotOurs"; readonly why: StateNotOurs }

const nothing: Opened = { held: nothingHeld, known: nothingKnown, is_delivered: false }

const opened = (as: Opened): Found => ({ _tag: "Opened", opened: as })

const foundBy = (path: string, { kind, reason }: DatabaseError): Effect.Effect<Found, FileError> => {
  switch (kind) {
    case "damaged":
      return Effect.succeed({ _tag: "Damaged", reason })
    case "newer":
      return Effect.succeed({ _tag: "NotOurs", why: writtenByNewer(path) })
    case "failed":
      return Effect.fail(new FileError({ path, code: "", reason }))
  }
}

/** Opens what is there. An empty file is what a full disk left of a database that was to be made. */
const look = Effect.fnUntraced(function*(path: string, at_work: MarkedBatch | null, ask: Ask) {
  const stats = yield* statOf(path)
  if (stats === null) return opened(nothing)
  if (!stats.isFile()) return { _tag: "NotOurs", why: notAFile(path, stats) } satisfies Found
  if (stats.size === 0) return opened(nothing)
  return yield* ask("open", at_work).pipe(
    Effect.map(opened),
    Effect.catch((error) => foundBy(path, error))
  )
})

const noted = <A>(path: string, operation: Effect.Effect<A, unknown>): Effect.Effect<A, StoreError> =>
  Effect.mapError(operation, (cause) => new StoreError({ path, cause }))

/**
 * The messages in `agent.sqlite`, in the agent's folder. Only its owner can read it. A thread works with it, from the first message
 * on.
 */
export const MessageStoreFile: Layer.Layer<MessageStore, never, SidecarConfig | Logger> = Layer.effect(
  MessageStore,
  Effect.gen(function*() {
    const { log } = yield* Logger
    const { check } = yield* FolderLease
    const settings = yield* SidecarConfig
    const limits: StoreLimits = settings.messages
    const path = join(homeOf(settings), "agent.sqlite")
    const { ask, isRunning } = yield* makeMessageThread({ path, limits })
    const isThere = Effect.suspend(() => isRunning() ? Effect.succeed(true) : attempt(path, () => exists(path)))

    const operations = messageOperations(path, ask, isThere)
    const note = makeHeardNote(homeOf(settings))

    const opening = Effect.fnUntraced(function*(at_work: Batch | null) {
      const found = yield* readAgain(look(path, at_work === null ? null : marked(at_work), ask), log)
      if (found._tag === "NotOurs") return yield* found.why
      if (found._tag === "Opened") return found.opened
      yield* setAside(path, found.reason, log, journals)
      return nothing
    })

    return MessageStore.of({
      ...operations,
      open: Effect.fnUntraced(function*(at_work) {
        const { known, ...rest } = yield* opening(at_work)
        return { ...rest, known: known.heard_until === null ? yield* orElseLog(note.read, log, () => known) : known }
      }),
      know: (known) =>
        Effect.flatMap(noted(path, isThere), (there) =>
          there
            ? Effect.andThen(operations.know(known), noted(note.path, note.remove))
            : noted(note.path, Effect.andThen(check, note.write(known))))
    })
  })
)
