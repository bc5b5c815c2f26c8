import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { realpath, rm } from "node:fs/promises"
import { join } from "node:path"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { FolderLost } from "../services/FolderLease.ts"
import { lockFile, prepare } from "./FileLock.ts"
import { attempt } from "./files.ts"
import { checkLock, folderIdentity, type HeldLock, runtimeFolder, takeLock, takeOnce } from "./folderLock.ts"
import { isWithin, makeFolder } from "./folders.ts"

type Notices = ReadonlyArray<LifecycleEvent>

const realPathOf = (path: string): Effect.Effect<string> =>
  Effect.orElseSucceed(attempt(path, () => realpath(path)), () => path)

/** The real paths of those folders that are outside `home`, each once. */
export const foldersElsewhere = Effect.fnUntraced(function*(home: string, folders: ReadonlyArray<string>) {
  const inside = yield* realPathOf(home)
  const paths = yield* Effect.forEach(folders, realPathOf)
  return [...new Set(paths)].filter((path) => !isWithin(home, path) && !isWithin(inside, path))
})

/**
 * Locks a folder outside the agent's until the scope closes. Null if another sidecar holds it. A folder that cannot be locked
 * is used without a lock, and `notices` say so. `keep` checks that it is still ours. An agent may replace its results
 * folder, so `keep` locks the new one.
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

/** A notice if root runs the sidecar in another user's folder: that user could not use the files that root makes. */
export const ownerNotices = Effect.fnUntraced(function*(folder: string, user = process.geteuid?.()) {
  const { uid } = yield* folderIdentity(folder)
  const notices: Notices = user !== 0 || uid === 0n ? [] : [{
    event: "started_as_root",
    path: folder,
    reason: `it belongs to user ${uid}, who cannot use the files that root makes there`,
    remedy: `start the sidecar as user ${uid}, and give it what root has made: chown -R ${uid} in that folder`
  }]
  return notices
}, Effect.orElseSucceed((): Notices => []))

/**
 * A notice if another sidecar of this user runs as the same agent of the same hub from another folder: the hub gives each
 * task to the one that connected last. Holds a lock with the agent's name until the scope closes.
 */
export const sameAgentNotices = Effect.fnUntraced(function*(
  { agent_id, hub_url }: { readonly agent_id: string; readonly hub_url: string }
) {
  const name = createHash("sha256").update(JSON.stringify([new URL(hub_url).host, agent_id])).digest("hex").slice(0, 32)
  const path = join(yield* runtimeFolder, `agentcom-sidecar-agent-${name}.lock`)
  yield* prepare(path)
  const found = lockFile(path)
  if (found._tag === "Locked") {
    yield* Effect.addFinalizer(() =>
      Effect.ignore(attempt(path, () => rm(path, { force: true }).finally(found.release)))
    )
  }
  const notices: Notices = found._tag !== "Busy" ? [] : [{
    event: "same_agent",
    reason:
      `another sidecar of this user runs as ${agent_id} from another folder, and each takes the other's tasks away`,
    remedy: "stop one of them, or give each an agent_id and a token of its own"
  }]
  return notices
}, Effect.orElseSucceed((): Notices => []))
