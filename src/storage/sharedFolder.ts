import * as Effect from "effect/Effect"
import { realpath } from "node:fs/promises"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { FolderLost } from "../services/FolderLease.ts"
import { attempt } from "./files.ts"
import { checkLock, type HeldLock, takeLock, takeOnce } from "./heldLock.ts"
import { isWithin, makeFolder } from "./makeFolder.ts"

const placeOf = (path: string): Effect.Effect<string> =>
  Effect.orElseSucceed(attempt(path, () => realpath(path)), () => path)

/** Those of the folders that lie outside `home`, their links followed, each once. */
export const foldersElsewhere = Effect.fnUntraced(function*(home: string, folders: ReadonlyArray<string>) {
  const inside = yield* placeOf(home)
  const places = yield* Effect.forEach(folders, placeOf)
  return [...new Set(places)].filter((place) => !isWithin(home, place) && !isWithin(inside, place))
})

/**
 * Locks a folder outside the agent's for as long as the scope lasts; null where another sidecar has it. A folder that cannot
 * be locked is used without, and `notices` tell of that. `keep` looks whether it is still ours: agents may make their
 * results folder anew, so a new one is locked again.
 */
export const shareFolder = Effect.fnUntraced(function*(folder: string, home: string) {
  const notices: Array<LifecycleEvent> = []
  let held: HeldLock | null = null
  yield* Effect.addFinalizer(() => Effect.sync(() => held?.release()))

  const first = yield* attempt(folder, () => makeFolder(home, folder)).pipe(
    Effect.andThen(takeLock(folder)),
    Effect.catch(({ path, reason }) => {
      notices.push({ event: "folder_unlocked", path, reason })
      return Effect.succeed(undefined)
    })
  )
  if (first === null) return null
  held = first ?? null

  const again = Effect.gen(function*() {
    held?.release()
    held = null
    const taken = yield* Effect.orElseSucceed(takeOnce(folder), () => undefined)
    if (taken === null) return yield* new FolderLost({ path: folder })
    held = taken ?? null
  })
  const keep = Effect.suspend(() => held === null ? again : checkLock(held)).pipe(
    Effect.catchTags({ FolderGone: () => Effect.void, FolderLost: () => again })
  )
  return { notices, keep }
})
