import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DevHubOptions } from "../../src/dev/DevHub.ts"
import { type AgentScript, type Folder, makeFolder, startDaemon, startHub } from "./daemon.ts"
import { isThere } from "./needs.ts"

/** Takes away the uppermost of what is mounted there; false where nothing is. */
const unmount = (path: string): boolean => spawnSync("umount", ["--lazy", path], { stdio: "ignore" }).status === 0

const unmountAll = (path: string): void => {
  while (unmount(path));
}

const tmpfs = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"]

/** A way in which the folder of the state cannot be written, and its end. */
interface DiskFault {
  readonly name: string
  readonly needs_mount: boolean
  /** Whether the last state that was written can be read meanwhile. */
  readonly keeps_the_state: boolean
  /** Whether a daemon can lock the folder meanwhile; without that none starts. */
  readonly locks: boolean
  readonly begin: (disk: string) => void
  readonly end: (disk: string) => void
}

/**
 * Every write by the folder's name fails with EROFS, as on a disk that the system has made read-only after an error. The
 * daemon's lock is open for writing, so an ordinary remount of the disk itself is refused, and this one is of a second mount
 * over it. That is refused as well, but only while somebody who has come since writes there.
 */
export const makeReadOnly = (folder: string): void => {
  const mount = "mount --bind \"$1\" \"$1\" && " +
    "for n in $(seq 200); do mount -o remount,bind,ro \"$1\" && exit; sleep 0.02; done; exit 1"
  execFileSync("sh", ["-c", mount, "sh", folder], { stdio: "ignore" })
}

export const makeWritable = (folder: string): void => void unmount(folder)

export const diskFaults: ReadonlyArray<DiskFault> = [
  {
    name: "a folder in the place of the state",
    needs_mount: false,
    keeps_the_state: false,
    locks: true,
    begin: (disk) => {
      const path = join(disk, "queue.json")
      if (existsSync(path)) renameSync(path, join(disk, "queue.json.before"))
      mkdirSync(join(path, "not empty"), { recursive: true })
    },
    end: (disk) => rmSync(join(disk, "queue.json"), { recursive: true })
  },
  {
    name: "a full disk",
    needs_mount: true,
    keeps_the_state: true,
    locks: true,
    // It fails when nothing is left, as it is meant to.
    begin: (disk) => void spawnSync("dd", ["if=/dev/zero", `of=${disk}/filler`, "bs=4096"], { stdio: "ignore" }),
    end: (disk) => rmSync(join(disk, "filler"))
  },
  {
    name: "a read-only disk",
    needs_mount: true,
    keeps_the_state: true,
    locks: false,
    begin: makeReadOnly,
    end: makeWritable
  }
]

/** A disk of 1 MiB in the agent's folder, as `disk`; a plain folder where this user may not mount. */
export const makeSmallDisk = (folder: Folder): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const disk = folder.file("disk")
      mkdirSync(disk)
      if (isThere("mount")) execFileSync("mount", [...tmpfs, disk])
      return disk
    }),
    (disk) => Effect.sync(() => isThere("mount") ? unmountAll(disk) : undefined)
  )

/** Only the state lies on the small disk then. */
export const elsewhere = { results_dir: "../results", tasks_dir: "../tasks", log_file: "../sidecar.log" }

/** A daemon whose files lie on a small disk, but for those that `config` has elsewhere; its agent works beside it. */
export const startOnSmallDisk = (
  script: AgentScript = {},
  config: Record<string, unknown> = elsewhere,
  env: Record<string, string> = {},
  hub_options: DevHubOptions = {}
) =>
  Effect.gen(function*() {
    const hub = yield* startHub(hub_options)
    const folder = yield* makeFolder(hub, script)
    const disk = yield* makeSmallDisk(folder)
    const settings: Record<string, unknown> = JSON.parse(readFileSync(folder.file("config.json"), "utf8"))
    writeFileSync(
      join(disk, "config.json"),
      JSON.stringify({ ...settings, wake_command: "cd .. && exec /bin/sh agent.sh", ...config }),
      { mode: 0o600 }
    )
    const start = startDaemon(folder, env, "disk/config.json")
    return { hub, folder, disk, start, daemon: yield* start }
  })
