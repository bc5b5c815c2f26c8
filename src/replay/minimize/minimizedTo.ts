import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { open } from "node:fs/promises"
import { exitCodes } from "../../exitCodes.ts"
import type { RunSidecar } from "../engine/Life.ts"
import type { Line } from "../engine/Window.ts"
import { fileProblem } from "../fileProblem.ts"
import { lineOf } from "../format.ts"
import type { Output } from "../print/Output.ts"
import type { ReplayOptions } from "../Replay.ts"
import { limits } from "./limits.ts"
import { type Minimized, minimized } from "./minimized.ts"
import { areOfOneKind } from "./units.ts"

/** The shorter recording could not be made or written; the message is one sentence. */
export class NotMinimized extends Schema.TaggedError<NotMinimized>()("NotMinimized", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}

/** What is there is never written over: it may be the recording itself. */
const write = (file: string, text: string) =>
  Effect.tryPromise({
    try: async () => {
      const handle = await open(file, "wx", 0o600)
      try {
        await handle.writeFile(text)
      } finally {
        await handle.close()
      }
    },
    catch: (error) =>
      new NotMinimized({
        message: `agentcom-sidecar: ${file}: the shorter recording was not written: ${fileProblem(error, "folder")}`
      })
  })

const collected = <E, R>(lines: Stream.Stream<ReadonlyArray<Line>, E, R>) =>
  Stream.runFoldEffect(lines, (): Array<Line> => [], (all, some) => {
    all.push(...some)
    return all.length <= limits.lines ? Effect.succeed(all) : Effect.fail(
      new NotMinimized({
        message: `agentcom-sidecar: more than ${limits.lines} lines: cut the recording around the difference first`
      })
    )
  })

const mixed = new NotMinimized({
  message: "agentcom-sidecar: some of the files hold frames only, others facts as well, and cannot be made one " +
    "recording: give those of one kind"
})

const summaryOf = ({ isCutShort, lines, tries }: Minimized, of: number): string => {
  const end = isCutShort ? "the search was cut short" : "none of them can be left out"
  return `${lines.length} of ${of} lines differ in the same way (${tries} tries; ${end})`
}

/**
 * Writes the shortest recording that still differs to the file, or prints it where that is `-`; says on standard error
 * what came of it, and gives whether the lines differ at all.
 */
export const minimizedTo = Effect.fnUntraced(function*<E, R>(
  file: string,
  lines: Stream.Stream<ReadonlyArray<Line>, E, R>,
  { options, output, run, say }: {
    readonly run: RunSidecar
    readonly options: ReplayOptions
    readonly output: Output
    readonly say: (sentence: string) => void
  }
) {
  const all = yield* collected(lines)
  if (!areOfOneKind(all)) return yield* mixed
  const found = yield* minimized(all, run, options)
  if (found === null) {
    say("the recording does not differ from what this version does, so that there is nothing to be made shorter")
    return false
  }
  const text = found.lines.map(({ entry }) => lineOf(entry)).join("")
  if (file === "-") {
    yield* output.lines([text.trimEnd()])
    yield* output.flush
  } else yield* write(file, text)
  say(summaryOf(found, all.length))
  return true
})
