import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { dirname } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { exitCodes } from "../exitCodes.ts"
import { askOnce } from "../observe/control/ask.ts"
import { elsewhereText, thisPlace } from "../observe/control/place.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { checkLock, type HeldLock, type LockFile, takeLock } from "../storage/heldLock.ts"
import type { LockUnusable } from "../storage/LockUnusable.ts"
import { ownerNotices, sameAgentNotices } from "../storage/notices.ts"
import { foldersElsewhere, shareFolder } from "../storage/sharedFolder.ts"

/** Another sidecar holds this folder, and has proved it. */
export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
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

/** Somebody holds this folder, and does not prove to be its sidecar. */
export class FolderBusy extends Schema.TaggedError<FolderBusy>()("FolderBusy", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.restart
  override get message(): string {
    return `agentcom-sidecar: ${this.folder} is held by another process, so this one does not start: ${this.reason}`
  }
}

/** The holder, as it proves itself at the control socket. */
const holderOf = (folder: string, token: Redacted.Redacted<string>) =>
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

/** Holds the folder until this process ends in whatever way, so that it is free only when nothing is left of the sidecar. */
export const holdFolder = (
  folder: string,
  token: Redacted.Redacted<string>,
  lock?: LockFile
): Effect.Effect<HeldLock, FolderInUse | FolderBusy | LockUnusable> =>
  Effect.flatMap(takeLock(folder, lock), (held) => held === null ? holderOf(folder, token) : Effect.succeed(held))

const noticesOf = ({ of, path, folder }: HeldLock) =>
  of === null ? [] : [{ event: "lock_elsewhere", path, reason: `the file system of ${folder} has no locks` } as const]

/** A folder that two sidecars were told to use for their tasks or results. */
const shared = (folder: string) =>
  new FolderBusy({ folder, reason: "it is another sidecar's; give this one a tasks_dir and a results_dir of its own" })

/** The agent's folder for this sidecar alone, and the folders of its tasks and results where they lie elsewhere. */
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
        ...noticesOf(held),
        ...shares.flatMap(({ notices }) => notices),
        ...yield* ownerNotices(home),
        ...yield* sameAgentNotices(settings)
      ]
    }
  })
)
