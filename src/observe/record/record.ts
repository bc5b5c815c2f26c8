import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Struct from "effect/Struct"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { KnownState } from "../../domain/SidecarState.ts"
import { exitCodes } from "../../exitCodes.ts"
import { fileProblem } from "../../replay/fileProblem.ts"
import type { Header } from "../../replay/format.ts"
import { Logger } from "../../services/Logger.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import { unfailing } from "../../text/unfailing.ts"
import { makeEntries } from "./entries.ts"
import { recordFile } from "./recordFile.ts"
import { redaction } from "./redact.ts"

/** The recording cannot begin; the message is a sentence. */
export class RecordingImpossible extends Schema.TaggedError<RecordingImpossible>()("RecordingImpossible", {
  path: Schema.String,
  reason: Schema.String,
  passes: Schema.Boolean // of itself, so that it must not keep the sidecar from its work
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message(): string {
    return `agentcom-sidecar: ${this.path} cannot be used for the recording: ${this.reason}`
  }
}

const passing: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE", "EAGAIN"])

const isPassing = (cause: unknown): boolean => Predicate.hasProperty(cause, "code") && passing.has(cause.code)

export interface RecordOptions {
  readonly path: string
  readonly header: Header
  /** Printable ASCII that no line may hold. */
  readonly secret: Redacted.Redacted<string>
}

/**
 * An observer that appends what it sees to a file, each entry at once, until the scope closes. That the file cannot be
 * written later on is logged, and the work goes on without it until it can be written again. Fails with
 * `RecordingImpossible` where it can never be.
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
      catch: (cause) => {
        return new RecordingImpossible({ path, reason: fileProblem(cause, "folder"), passes: isPassing(cause) })
      }
    }).pipe(Effect.catchIf(({ passes }) => passes, () => Effect.void))

    const untold: Array<LifecycleEvent> = []
    const tell = (reason: string) => void untold.push({ event: "file_trouble", path, reason })
    const write = unfailing(file.write, {
      stopped: (reason) => tell(`it cannot be written, the work goes on without the recording: ${reason}`),
      worksAgain: (lost) => tell(`it can be written again; ${lost} lines of the recording are missing there`)
    })
    return (event) =>
      Effect.suspend(() => {
        entriesOf(event).forEach(write)
        if (event._tag === "Stepped") state = Struct.omit(event.step.after, ["policy"])
        return Effect.forEach(untold.splice(0), log, { discard: true })
      })
  })
