import * as Effect from "effect/Effect"
import { access, constants, readFile, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { attempt, FileError, isMissing, writeDurably } from "../storage/files.ts"
import { type Check, failed, ok } from "./Check.ts"

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "make room on the disk",
  EDQUOT: "make room on the disk: the user's quota is used up",
  EROFS: "the disk is mounted read-only: mount it for writing, or move the agent's folder",
  EACCES: "let the user that runs the sidecar write there (chown, chmod)",
  EPERM: "let the user that runs the sidecar write there (chown, chmod)",
  ENOENT: "make the folder",
  ENOTDIR: "what should be a folder is a file: move it away, or give another path"
}

const remedyOf = ({ code }: FileError): string => remedies[code] ?? "mend what the system says"

/** Does what the sidecar does to its state at every step, with a file of our own. */
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

/** The folder itself, or where there is none the one in which it will be made. */
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
  run: ({ folder, settings: { log_file, results_dir, tasks_dir } }) =>
    replaceWhole(folder).pipe(
      Effect.andThen(Effect.forEach([results_dir, tasks_dir, dirname(log_file)], mayWrite, { discard: true })),
      Effect.match({
        onSuccess: () => ok(`${folder} can be written, and a file in it replaced whole`),
        onFailure: (error) => failed(`${error.path} cannot be written: ${error.reason}`, remedyOf(error))
      })
    )
}
