import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { lstat, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { Known, nothingKnown } from "../../domain/messages/Talk.ts"
import { attempt, type FileError, isMissing, removeTemporaries, writeDurably } from "../files.ts"

const heard_file_bytes = 1024 * 1024 // the names of all channels fit in

const Note = Schema.fromJsonString(Known)
const decodeNote = Schema.decodeUnknownOption(Note)
const encodeNote = Schema.encodeSync(Note)

const read = async (path: string): Promise<Known> => {
  const stats = await lstat(path)
  if (!stats.isFile() || stats.size > heard_file_bytes) return nothingKnown
  return Option.getOrElse(decodeNote(await readFile(path, "utf8")), () => nothingKnown)
}

/**
 * How far the hub has been heard, in `heard.json` of the agent's folder, until the first message comes. The database for that alone
 * would cost the memory of its thread. A note that makes no sense is none.
 */
export const makeHeardNote = (folder: string) => {
  const path = join(folder, "heard.json")
  const remove = attempt(path, () => rm(path, { force: true }))
  return {
    path,
    read: removeTemporaries(path).pipe(
      Effect.andThen(attempt(path, () => read(path))),
      Effect.catchIf(isMissing, () => Effect.succeed(nothingKnown))
    ),
    /** Never writes through a link that an agent has put there. */
    write: (known: Known): Effect.Effect<void, FileError> =>
      Effect.andThen(remove, attempt(path, () => writeDurably(path, encodeNote(known)))),
    remove
  }
}
