import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { open, stat, writeFile } from "node:fs/promises"
import { exitCodes } from "../../exitCodes.ts"
import { fileProblem } from "../fileProblem.ts"
import { type Cut, makeCut } from "../print/cut.ts"
import type { ReplayEvent } from "../ReplayEvent.ts"
import { makePage } from "./makePage.ts"
import { beginning } from "./page.ts"

/** The page could not be written where it was wanted; the message is one sentence. */
export class PageUnwritten extends Schema.TaggedError<PageUnwritten>()("PageUnwritten", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}

/** What a file begins with, as far as a page can be told by it; null where there is none. */
const beginningOf = async (file: string): Promise<string | null> => {
  const found = await stat(file).catch((error: unknown) => {
    if (Predicate.hasProperty(error, "code") && error.code === "ENOENT") return null
    throw error
  })
  if (found === null) return null
  // Whoever opens a pipe that nobody reads waits for ever.
  if (found.isFIFO()) throw new Error("it is a pipe")
  if (!found.isFile()) return beginning // a device holds nothing that could be lost
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
      // A slip of the tongue on the command line must not cost the recording.
      if (found !== null && found !== "" && found !== beginning) throw new Error("there is a file that is no page")
      await writeFile(file, html, { mode: 0o600 }) // it shows the texts of tasks
    },
    catch: (error) =>
      new PageUnwritten({
        message: `agentcom-sidecar: ${file}: the page was not written: ${fileProblem(error, "folder")}`
      })
  })

/**
 * Passes a replay on, and when it has ended writes the page of the part that was asked for to a file. It fails with
 * `PageUnwritten`, also where another file than such a page is there.
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
