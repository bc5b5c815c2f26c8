import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { folderIdentity } from "./fallback.ts"
import { lockFile } from "./FileLock.ts"
import { attempt } from "./files.ts"
import { prepare } from "./lockFiles.ts"
import { runtimeFolder } from "./runtimeFolder.ts"

/** Root can use everybody's folder, and what it makes there nobody else can use afterwards. */
export const ownerNotices = Effect.fnUntraced(function*(folder: string, user = process.geteuid?.()) {
  const { uid } = yield* folderIdentity(folder)
  const notices: ReadonlyArray<LifecycleEvent> = user !== 0 || uid === 0n ? [] : [{
    event: "started_as_root",
    path: folder,
    reason: `it belongs to user ${uid}, who cannot use the files that root makes there`,
    remedy: `start the sidecar as user ${uid}, and give it what root has made: chown -R ${uid} in that folder`
  }]
  return notices
}, Effect.orElseSucceed((): ReadonlyArray<LifecycleEvent> => []))

/**
 * Whether another sidecar of this user runs as the same agent of the same hub, from another folder. The hub would give each
 * task to whichever connected last. It is known by a lock with the agent's name, which is held until the scope closes.
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
  const notices: ReadonlyArray<LifecycleEvent> = found._tag !== "Busy" ? [] : [{
    event: "same_agent",
    reason:
      `another sidecar of this user runs as ${agent_id} from another folder, and each takes the other's tasks away`,
    remedy: "stop one of them, or give each an agent_id and a token of its own"
  }]
  return notices
}, Effect.orElseSucceed((): ReadonlyArray<LifecycleEvent> => []))
