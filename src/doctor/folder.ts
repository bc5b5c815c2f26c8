import * as Effect from "effect/Effect"
import { access, constants, readFile, rm, stat, statfs } from "node:fs/promises"
import { dirname, join } from "node:path"
import { attempt, FileError, isMissing, writeDurably } from "../storage/files.ts"
import { hasNoLocks, isHeld } from "../storage/folderLock.ts"
import { type Check, failed, ok } from "./Check.ts"

const doctor_free_bytes = 256 * 1024 * 1024

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "make room on the disk",
  EDQUOT: "make room on the disk: the user's quota is used up",
  EROFS: "the disk is mounted read-only: mount it for writing, or move the agent's folder",
  EACCES: "let the user that runs the sidecar write there (chown, chmod)",
  EPERM: "let the user that runs the sidecar write there (chown, chmod)",
  ENOENT: "make the folder",
  ENOTDIR: "what should be a folder is a file: move it away, or give another path"
}

const remedyOf = ({ code }: FileError): string => remedies[code] ?? "fix what the system reports"

/** Replaces a file of our own durably, as the sidecar does with its state at every step. */
const replaceWhole = (folder: string): Effect.Effect<void, FileError> => {
  const path = join(folder, `.doctor-${process.pid}`)
  return attempt(path, async () => {
    try {
      await writeDurably(path, "before")
      await writeDurably(path, "after")
      if (await readFile(path, "utf8") !== "after") throw new Error("what was written is not what is read")
    } finally {
      await rm(path, { force: true })
    }
  })
}

/** The folder itself or, if it does not exist, the nearest one above it, in which it will be made. */
export const nearestFolder = (path: string): Effect.Effect<string, FileError> =>
  Effect.matchEffect(attempt(path, () => stat(path)), {
    onSuccess: (found) =>
      found.isDirectory()
        ? Effect.succeed(path)
        : Effect.fail(new FileError({ path, code: "ENOTDIR", reason: `${path} is not a folder` })),
    onFailure: (error) => isMissing(error) && dirname(path) !== path ? nearestFolder(dirname(path)) : Effect.fail(error)
  })

const mayWrite = (path: string): Effect.Effect<void, FileError> =>
  Effect.flatMap(
    nearestFolder(path),
    (folder) => attempt(folder, () => access(folder, constants.W_OK | constants.X_OK))
  )

export const folderCheck: Check = {
  name: "folder",
  run: ({ folder, settings: { log_file, outbox_dir, results_dir, tasks_dir } }) =>
    replaceWhole(folder).pipe(
      Effect.andThen(
        Effect.forEach([results_dir, tasks_dir, outbox_dir, dirname(log_file)], mayWrite, { discard: true })
      ),
      Effect.match({
        onSuccess: () => ok(`${folder} can be written, and a file in it replaced whole`),
        onFailure: (error) => failed(`${error.path} cannot be written: ${error.reason}`, remedyOf(error))
      })
    )
}

/** Whether the folder can be locked, so that no second sidecar runs in it. */
export const lockCheck: Check = {
  name: "lock",
  needs: "folder",
  run: ({ folder }) =>
    Effect.gen(function*() {
      if (yield* isHeld(folder)) return ok(`${folder} is held by a running sidecar`)
      return (yield* hasNoLocks(folder))
        ? ok(
          `the file system of ${folder} has no locks: no other sidecar of this machine runs there, but another machine's may`
        )
        : ok(`${folder} can be locked, and nobody holds it`)
    }).pipe(
      Effect.catch(({ message }) =>
        Effect.succeed(
          failed(
            message.replace(/^agentcom-sidecar: /, ""),
            "give the folder's files to the user that runs the sidecar (chown), or move away files of others"
          )
        )
      )
    )
}

const inMiB = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`

const freeAt = Effect.fnUntraced(function*(path: string) {
  const folder = yield* nearestFolder(path)
  const { bavail, bsize } = yield* attempt(folder, () => statfs(folder))
  return { folder, free: bavail * bsize }
})

/** Whether `wanted_bytes` are free wherever the sidecar and its agent write. */
export const diskCheck = (wanted_bytes: number): Check => ({
  name: "disk",
  run: ({ folder, settings: { log_file, outbox_dir, results_dir, tasks_dir } }) =>
    Effect.forEach([folder, results_dir, tasks_dir, outbox_dir, dirname(log_file)], freeAt).pipe(
      Effect.map((places) => {
        const least = places.reduce((a, b) => b.free < a.free ? b : a)
        const found = `${inMiB(least.free)} are free at ${least.folder}, at least ${inMiB(wanted_bytes)} is ok`
        return least.free >= wanted_bytes
          ? ok(found)
          : failed(found, "make room there: without it no task is taken, and no answer is kept")
      }),
      Effect.catchTag(
        "FileError",
        ({ path, reason }) =>
          Effect.succeed(failed(`the free space at ${path} is not known: ${reason}`, "see the line about the folder"))
      )
    )
})

export const diskSpaceCheck = diskCheck(doctor_free_bytes)
