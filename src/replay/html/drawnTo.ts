import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { open, stat, writeFile } from "node:fs/promises"
import { exitCodes } from "../../exitCodes.ts"
import { type Cut, makeCut } from "../print/options.ts"
import type { ReplayEvent } from "../ReplayEvent.ts"
import { fileProblem } from "../words.ts"
import { beginning, makePage } from "./page.ts"

/** The page could not be written to its file. The message is one sentence. */
export class PageUnwritten extends Schema.TaggedError<PageUnwritten>()("PageUnwritten", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}

/** How a file begins, to recognize a page; null if there is no file. */
const beginningOf = async (file: string): Promise<string | null> => {
  const found = await stat(file).catch((error: unknown) => {
    if (Predicate.hasProperty(error, "code") && error.code === "ENOENT") return null
    throw error
  })
  if (found === null) return null
  // To open a pipe that nobody reads would block forever.
  if (found.isFIFO()) throw new Error("it is a pipe")
  if (!found.isFile()) return beginning // a device has no content that could be lost
  const handle = await open(file, "r")
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginning.length), 0, beginning.length, 0)
    return buffer.toString("utf8", 0, bytesRead)
  } finally {
    await handle.close()
  }
}

const write = (file: string, html: string) =>
  Effect.tryPromise({
    try: async () => {
      const found = await beginningOf(file)
      // A slip on the command line must not overwrite the recording.
      if (found !== null && found !== "" && found !== beginning) throw new Error("there is a file that is no page")
      await writeFile(file, html, { mode: 0o600 }) // it contains the texts of tasks
    },
    catch: (error) =>
      new PageUnwritten({
        message: `agentcom-sidecar: ${file}: the page was not written: ${fileProblem(error, "folder")}`
      })
  })

/**
 * Passes the events on, and at their end writes the page of those in `cut` to the file. Fails with `PageUnwritten`; it
 * overwrites no file except such a page.
 */
export const drawnTo = (file: string, cut: Cut) => <E, R>(batches: Stream.Stream<ReadonlyArray<ReplayEvent>, E, R>) =>
  Stream.suspend(() => {
    const isWanted = makeCut(cut)
    const { page, take } = makePage()
    const written = Effect.suspend(() => write(file, page()))
    return batches.pipe(
      Stream.tap((events) => Effect.sync(() => events.filter(isWanted).forEach(take))),
      Stream.concat(Stream.drain(Stream.fromEffect(written)))
    )
  })
