import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { dirname } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { exitCodes } from "../exitCodes.ts"
import { askOnce } from "../observe/control/client.ts"
import { elsewhereText, thisPlace } from "../observe/control/ControlFile.ts"
import { FolderLease } from "../services/FolderLease.ts"
import type { LockUnusable } from "../storage/FileLock.ts"
import { checkLock, type HeldLock, type LockFile, takeLock } from "../storage/folderLock.ts"
import { foldersElsewhere, ownerNotices, sameAgentNotices, shareFolder } from "../storage/sharing.ts"

/** Another sidecar holds this folder and has proved that. */
class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
  folder: Schema.String,
  pid: Schema.Int,
  where: Schema.String,
  since: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.folderInUse
  override get message(): string {
    const { folder, pid, since, where } = this
    return `agentcom-sidecar: ${folder} is held by the sidecar with pid ${pid}${where}, since ${since}; ` +
      "stop that one first, or give this one a folder of its own"
  }
}

/** A process holds this folder and does not prove that it is the folder's sidecar. */
class FolderBusy extends Schema.TaggedError<FolderBusy>()("FolderBusy", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.restart
  override get message(): string {
    return `agentcom-sidecar: ${this.folder} is held by another process, so this one does not start: ${this.reason}`
  }
}

/** Asks the holder at the control socket who it is. Always fails: with the holder, or with why it is unknown. */
const refuse = (folder: string, token: Redacted.Redacted<string>) =>
  Effect.matchEffect(askOnce(folder, "status", token), {
    onSuccess: (holder) =>
      Effect.flatMap(thisPlace, (here) =>
        Effect.fail(
          new FolderInUse({
            folder,
            pid: holder.pid,
            where: elsewhereText(holder, here),
            since: new Date(holder.started_at).toISOString()
          })
        )),
    onFailure: (reason) => Effect.fail(new FolderBusy({ folder, reason }))
  })

/** Locks the folder until this process ends in any way. Not even the end of a scope frees it while the sidecar lives. */
export const holdFolder = (
  folder: string,
  token: Redacted.Redacted<string>,
  lock?: LockFile
): Effect.Effect<HeldLock, FolderInUse | FolderBusy | LockUnusable> =>
  Effect.flatMap(takeLock(folder, lock), (held) => held === null ? refuse(folder, token) : Effect.succeed(held))

/** Two sidecars were configured with the same folder for their tasks or results. */
const shared = (folder: string) =>
  new FolderBusy({ folder, reason: "it is another sidecar's; give this one a tasks_dir and a results_dir of its own" })

/** Locks the agent's folder for this sidecar alone, and its tasks and results folders if they are elsewhere. */
export const FolderLock: Layer.Layer<never, FolderInUse | FolderBusy | LockUnusable, SidecarConfig> = Layer.effect(
  FolderLease,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { results_dir, state_file, tasks_dir, token } = settings
    const home = dirname(state_file)
    const held = yield* holdFolder(home, token)
    const elsewhere = yield* foldersElsewhere(home, [tasks_dir, results_dir])
    const shares = yield* Effect.forEach(
      elsewhere,
      (folder) =>
        Effect.flatMap(shareFolder(folder, home), (share) => share === null ? shared(folder) : Effect.succeed(share))
    )
    let lost = false
    return {
      check: Effect.andThen(checkLock(held), Effect.forEach(shares, ({ keep }) => keep, { discard: true })).pipe(
        Effect.tapErrorTag("FolderLost", () => Effect.sync(() => void (lost = true)))
      ),
      isLost: () => lost,
      notices: [
        ...held.of === null
          ? []
          : [{ event: "lock_elsewhere", path: held.path, reason: `the file system of ${home} has no locks` } as const],
        ...shares.flatMap(({ notices }) => notices),
        ...yield* ownerNotices(home),
        ...yield* sameAgentNotices(settings)
      ]
    }
  })
)
