import * as Effect from "effect/Effect"
import { constants } from "node:fs"
import { open, rm } from "node:fs/promises"
import type { FileError } from "../storage/files.ts"
import { attempt } from "../storage/files.ts"
import { inTime } from "./inTime.ts"

/** The FIFO that a wake holds open while it lives: it tells that where no process table does, in another container. */
export const alivePath = (record_path: string): string => `${record_path}.alive`

/** Who holds it: `missing` where there is none, as the system could make none, or as nobody held it when the command ended. */
export type Holder = "held" | "nobody" | "missing"

/** Without a reader, opening it for writing is refused at once (fifo(7)). Windows knows none of these. */
const probing = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

const otherwise: Readonly<Record<string, Holder>> = {
  ENXIO: "nobody",
  ENOENT: "missing",
  ELOOP: "missing",
  EISDIR: "missing"
}

export const holderOf = (record_path: string): Effect.Effect<Holder, FileError> => {
  const path = alivePath(record_path)
  const probe = attempt(path, async (): Promise<Holder> => {
    const handle = await open(path, probing)
    try {
      return (await handle.stat()).isFIFO() ? "held" : "missing"
    } finally {
      await handle.close()
    }
  })
  return inTime(path, probe).pipe(
    Effect.catch((error) => {
      const holder = otherwise[error.code]
      return holder === undefined ? Effect.fail(error) : Effect.succeed(holder)
    })
  )
}

/**
 * Removes the FIFO of a command that has ended, where nothing that it started holds it: what works on elsewhere would be
 * taken for dead by it.
 */
export const dropUnheld = (record_path: string): Effect.Effect<void> =>
  holderOf(record_path).pipe(
    Effect.flatMap((holder) =>
      holder === "nobody" ? attempt(record_path, () => rm(alivePath(record_path), { force: true })) : Effect.void
    ),
    Effect.ignore
  )
