import * as Effect from "effect/Effect"
import { statfs } from "node:fs/promises"
import { dirname } from "node:path"
import { limits } from "../limits.ts"
import { attempt } from "../storage/files.ts"
import { type Check, failed, ok } from "./Check.ts"
import { nearestFolder } from "./folder.ts"

const inMiB = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`

const freeAt = (path: string) =>
  Effect.flatMap(
    nearestFolder(path),
    (folder) =>
      Effect.map(attempt(folder, () => statfs(folder)), ({ bavail, bsize }) => ({ folder, free: bavail * bsize }))
  )

/** Where the sidecar and its agent write there have to be so many bytes free. */
export const diskCheck = (wanted_bytes: number): Check => ({
  name: "disk",
  run: ({ folder, settings: { log_file, results_dir, tasks_dir } }) =>
    Effect.forEach([folder, results_dir, tasks_dir, dirname(log_file)], freeAt).pipe(
      Effect.map((places) => {
        const least = places.reduce((a, b) => b.free < a.free ? b : a)
        const found = `${inMiB(least.free)} are free at ${least.folder}, at least ${inMiB(wanted_bytes)} is well`
        return least.free >= wanted_bytes
          ? ok(found)
          : failed(found, "make room there: without it no task is taken, and no answer is kept")
      }),
      Effect.catchTag(
        "FileError",
        ({ path, reason }) =>
          Effect.succeed(failed(`the room at ${path} is not known: ${reason}`, "see the line about the folder"))
      )
    )
})

export const diskSpaceCheck = diskCheck(limits.doctor_free_bytes)
