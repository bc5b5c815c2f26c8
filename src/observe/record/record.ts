import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { KnownState } from "../../domain/SidecarState.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { exitCodes } from "../../exitCodes.ts"
import { briefOf, briefOfState } from "../../replay/brief.ts"
import type { Entry, Header } from "../../replay/format.ts"
import { fileProblem } from "../../replay/words.ts"
import { Logger } from "../../services/Logger.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import { isJsonObject, parseBounded } from "../../text/json.ts"
import type { SinkListener } from "../../text/LineWriter.ts"
import { recordFile } from "./recordFile.ts"
import { redaction } from "./redact.ts"

export const record_excerpt_chars = 200 // of a frame that cannot be decoded
const record_clock_jump_ms = 1_000 // a larger jump means that the clock was set

const jsonObject = (text: string): JsonObject | undefined =>
  Option.getOrUndefined(Option.filter(Result.getSuccess(parseBounded(text)), isJsonObject))

const stepEntry = ({ after, at, before, commands, message, saved }: Step): Entry => {
  const state = briefOfState(after)
  const told = { commands: commands.map(briefOf), state: state === briefOfState(before) ? null : state }
  return { t: at, dir: "step", msg: message, told, saved }
}

const entryOf = (event: ActorEvent, t: number, cleaned: (text: string) => string): Entry => {
  switch (event._tag) {
    case "FrameIn": {
      const msg = jsonObject(event.text)
      return msg === undefined
        ? { t, dir: "in", unreadable: cleaned(event.text).slice(0, record_excerpt_chars) }
        : { t, dir: "in", msg }
    }
    case "BinaryIn":
      return { t, dir: "in", unreadable: `binary, ${event.bytes} bytes` }
    case "FrameOut":
      return { t, dir: "out", msg: jsonObject(event.text) ?? {} }
    case "Stepped":
      return stepEntry(event.step)
  }
}

const nanos_per_milli = 1e6

/**
 * Turns each event into entries. If the machine's clock was set since the last event, an entry before it says by how much.
 * `cleaned` takes the secret out of a text before the text is cut.
 */
export const makeEntries = (clock: Clock.Clock, cleaned: (text: string) => string) => {
  const look = () => ({
    wall: clock.currentTimeMillisUnsafe(),
    elapsed: Number(clock.monotonicTimeNanosUnsafe()) / nanos_per_milli
  })
  let last = look()
  return (event: ActorEvent): ReadonlyArray<Entry> => {
    const now = look()
    const entry = entryOf(event, now.wall, cleaned)
    const by_ms = Math.round(now.wall - last.wall - (now.elapsed - last.elapsed))
    last = now
    const isSet = Math.abs(by_ms) > record_clock_jump_ms
    return isSet ? [{ t: entry.t, dir: "local", msg: { _tag: "ClockJumped", by_ms } }, entry] : [entry]
  }
}

/** The recording cannot begin. The message is one sentence for people. */
export class RecordingImpossible extends Schema.TaggedError<RecordingImpossible>()("RecordingImpossible", {
  path: Schema.String,
  reason: Schema.String,
  passes: Schema.Boolean // by itself, so it must not keep the sidecar from starting
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message(): string {
    return `agentcom-sidecar: ${this.path} cannot be used for the recording: ${this.reason}`
  }
}

const passing: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE", "EAGAIN"])

const isPassing = (cause: unknown): boolean => Predicate.hasProperty(cause, "code") && passing.has(cause.code)

/** Calls `write` and never throws. It tries again with every entry, and passes the number of entries lost before it. */
const unfailing = (write: (entry: Entry, lost: number) => void, { stopped, worksAgain }: SinkListener) => {
  let lost = 0
  return (entry: Entry): void => {
    try {
      write(entry, lost)
      if (lost > 0) worksAgain(lost)
      lost = 0
    } catch (cause) {
      if (lost === 0) stopped(cause instanceof Error ? cause.message : String(cause))
      lost += 1
    }
  }
}

interface RecordOptions {
  readonly path: string
  readonly header: Header
  /** Printable ASCII that no line may hold. */
  readonly secret: Redacted.Redacted<string>
}

/**
 * An observer that appends what it sees to a file, each entry at once, until the scope closes. If the file cannot be written
 * later, that is logged and the work goes on without the recording until the file can be written again. Fails with
 * `RecordingImpossible` if it can never be written.
 */
export const makeRecorder = (
  { header, path, secret }: RecordOptions
): Effect.Effect<(event: ActorEvent) => Effect.Effect<void>, RecordingImpossible, Logger | Scope.Scope> =>
  Effect.gen(function*() {
    const { log } = yield* Logger
    const clock = yield* Clock.Clock
    let state: KnownState | undefined
    const cleaned = redaction(Redacted.value(secret))
    const file = yield* Effect.acquireRelease(
      Effect.sync(() => recordFile(path, header, cleaned.line, () => state)),
      ({ close }) => Effect.sync(close)
    )
    const entriesOf = makeEntries(clock, cleaned.text)
    yield* Effect.try({
      try: () => file.begin(clock.currentTimeMillisUnsafe()),
      catch: (cause) =>
        new RecordingImpossible({ path, reason: fileProblem(cause, "folder"), passes: isPassing(cause) })
    }).pipe(Effect.catchIf(({ passes }) => passes, () => Effect.void))

    const unlogged: Array<LifecycleEvent> = []
    const note = (reason: string) => void unlogged.push({ event: "file_trouble", path, reason })
    const write = unfailing(file.write, {
      stopped: (reason) => note(`it cannot be written, the work goes on without the recording: ${reason}`),
      worksAgain: (lost) => note(`it can be written again; ${lost} lines of the recording are missing there`)
    })
    return (event) =>
      Effect.suspend(() => {
        entriesOf(event).forEach(write)
        if (event._tag === "Stepped") state = Struct.omit(event.step.after, ["policy"])
        return Effect.forEach(unlogged.splice(0), log, { discard: true })
      })
  })
