import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { open } from "node:fs/promises"
import type { Step } from "../services/Observer.ts"
import { briefOf, briefOfState } from "./brief.ts"
import type { Line, Place } from "./format.ts"
import { limits } from "./limits.ts"
import { type Output, OutputUnwritten } from "./print/Output.ts"
import { Replay, type ReplayOptions } from "./Replay.ts"
import { isDifference, type ReplayEvent } from "./ReplayEvent.ts"
import { fileProblem } from "./words.ts"

/** Creates the file. It never overwrites a file, which could be the recording itself. */
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
      new OutputUnwritten({
        message: `agentcom-sidecar: ${file}: the differing step was not written: ${fileProblem(error, "folder")}`
      })
  })

/** What the recorded sidecar did instead: the commands of its step if they are recorded, otherwise its frame. */
const expectedIn = (events: ReadonlyArray<ReplayEvent>) => {
  for (const event of events) {
    if (event.kind === "decision" && event.verdict === "recorded") {
      return { commands: event.commands, state: event.state }
    }
    if (event.kind === "frame" && event.dir === "out" && event.recorded !== null) return { frame: event.recorded.msg }
  }
  return { frame: null }
}

/** The step as a row of a test. */
const rowOf = (step: Step, events: ReadonlyArray<ReplayEvent>, { file, line }: Place) => ({
  recording: `${file}:${line}`,
  state: step.before,
  message: step.message,
  now: step.at,
  expected: expectedIn(events),
  actual: {
    commands: step.commands.filter(({ _tag }) => _tag !== "Log").map(briefOf),
    state: briefOfState(step.after)
  }
})

/** Searches a recording for the first step that differs, line by line. */
class Search {
  readonly #replay: Replay
  #steps: Array<{ readonly step: Step; readonly frames: Array<string> }> = []
  #place: Place = { file: "", line: 0 }

  constructor(options: Partial<ReplayOptions>) {
    this.#replay = new Replay({
      ...options,
      observe: (event) => {
        if (event._tag === "FrameOut") this.#steps.at(-1)?.frames.push(event.text)
        if (event._tag !== "Stepped") return
        this.#steps.push({ step: event.step, frames: [] })
        if (this.#steps.length > 2 * limits.steps_kept) this.#steps = this.#steps.slice(-limits.steps_kept)
      }
    })
  }

  take(line: Line) {
    this.#place = line.place
    return this.#found(this.#replay.feed(line))
  }

  end() {
    return this.#found(this.#replay.finish())
  }

  /** In a recording of frames only, a difference shows later than its step. So the step that sent the frame comes first. */
  #found(events: ReadonlyArray<ReplayEvent>) {
    const first = events.find(isDifference)
    if (first === undefined) return null
    const frame = first.kind === "frame" && first.dir === "out" && first.verdict !== "recorded"
      ? JSON.stringify(first.msg)
      : null
    const sender = this.#steps.findLast(({ frames }) => frame !== null && frames.includes(frame))
    const found = sender ?? this.#steps.findLast(({ step }) => step.at <= first.t) ?? this.#steps[0]
    return found === undefined ? null : rowOf(found.step, events.slice(events.indexOf(first)), this.#place)
  }
}

/**
 * Writes the first step that differs to the file, as a row of a test, or prints it if the file is `-`. Says the outcome, and
 * returns whether any step differs.
 */
export const minimizedTo = Effect.fnUntraced(function*<E, R>(
  file: string,
  lines: Stream.Stream<ReadonlyArray<Line>, E, R>,
  { options, output, say }: {
    readonly options: Partial<ReplayOptions>
    readonly output: Output
    readonly say: (sentence: string) => void
  }
) {
  const search = new Search(options)
  const found = yield* lines.pipe(
    Stream.flatMap((some) => Stream.fromIterable(some)),
    Stream.map((line) => search.take(line)),
    Stream.concat(Stream.sync(() => search.end())),
    Stream.filter(Predicate.isNotNull),
    Stream.runHead
  )
  if (Option.isNone(found)) {
    say("the recording does not differ from what this version does, so that no step is to be shown")
    return false
  }
  const text = JSON.stringify(found.value, null, 2)
  if (file === "-") {
    yield* output.lines([text])
    yield* output.flush
  } else yield* write(file, `${text}\n`)
  say(`the first step that differs is at ${found.value.recording}`)
  return true
})
