import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { readFile } from "node:fs/promises"
import { limits } from "../limits.ts"
import { quotable } from "../secrets/quoted.ts"
import { secretsIn } from "../secrets/secret.ts"
import { attempt } from "../storage/files.ts"
import type { ExecAnswer } from "./answer.ts"
import { answerOf, answerText, failed } from "./answer.ts"
import type { Child } from "./child.ts"
import { spawnChild } from "./child.ts"
import { prepareCommand, startProblem } from "./command.ts"
import { ExecRefused } from "./ExecRefused.ts"
import { confirm, handIn, isThere, say, tellProgress } from "./files.ts"
import { execLimits } from "./limits.ts"
import { lineReader } from "./lines.ts"
import { keep } from "./output.ts"
import { exitCodeOf, passOn, stopSignals } from "./signals.ts"
import type { Wake } from "./wake.ts"
import { commandEnvironment, wakeIn } from "./wake.ts"

export interface ExecOptions {
  readonly command: ReadonlyArray<string>
  readonly json: boolean
  readonly progress: boolean
}

type Ending = { readonly _tag: "Answered"; readonly answer: ExecAnswer } | {
  readonly _tag: "Stopped"
  readonly signal: NodeJS.Signals
}

const answered = (answer: ExecAnswer): Ending => ({ _tag: "Answered", answer })

/** Hands the beginning of a stream on to one of ours. */
const echo = (stream: NodeJS.WriteStream) => {
  stream.on("error", () => {}) // nobody need read it
  let left: number = execLimits.log_bytes
  return (chunk: Uint8Array): void => {
    if (left <= 0) return
    stream.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) stream.write("\n[... what follows is left out ...]\n")
  }
}

type Hear = (chunk: Uint8Array) => void

const toEach = (...hearers: ReadonlyArray<Hear>): Hear => (chunk) => hearers.forEach((hear) => hear(chunk))

/** What becomes of what the command prints. */
const listen = (json: boolean, onLine: ((line: string) => void) | null) => {
  const half = execLimits.output_bytes / 2
  const output = json ? keep(execLimits.json_bytes, 0) : keep(half, half)
  const tails = { output: keep(0, execLimits.tail_bytes), errors: keep(0, execLimits.tail_bytes) }
  const read = onLine === null ? () => {} : lineReader(onLine)
  return {
    output,
    tails,
    onOutput: toEach(output.push, tails.output.push, read, echo(process.stdout)),
    onErrors: toEach(tails.errors.push, echo(process.stderr))
  }
}

/** Passes every signal on until the command has ended. The first waits, as the command has often got it too. */
const stopped = (child: Child, signals: Queue.Queue<NodeJS.Signals>, first: NodeJS.Signals): Effect.Effect<Ending> => {
  const others = Effect.forever(Effect.flatMap(Queue.take(signals), (signal) => passOn(child.pid, signal)))
  const all = Effect.sleep(execLimits.pass_on_ms).pipe(Effect.andThen(passOn(child.pid, first)), Effect.andThen(others))
  return Effect.as(Effect.raceFirst(child.ended, all), { _tag: "Stopped", signal: first })
}

/** Runs the command to its end, and tells of its lines at most once in `progress_interval_ms`; the newest counts. */
const run = Effect.fnUntraced(function*(
  { command, json, progress }: ExecOptions,
  wake: Wake,
  prompt: string,
  signals: Queue.Queue<NodeJS.Signals>
) {
  const environment = commandEnvironment(process.env)
  const secrets = secretsIn(environment)
  const mask = (text: string) => quotable(text, secrets)
  const prepared = prepareCommand(command, { ...wake, prompt }, environment)
  if (prepared._tag === "Impossible") return answered(failed(prepared.reason))
  const program = command[0] ?? ""
  const lines = yield* Queue.sliding<string>(1)
  const heard = listen(json, progress ? (line) => void Queue.offerUnsafe(lines, line) : null)
  const begun = yield* Clock.currentTimeMillis
  const spawned = yield* Effect.result(spawnChild(prepared.command, { ...heard, ...prepared, environment }))
  if (spawned._tag === "Failure") return answered(failed(startProblem(program, spawned.failure)))
  const child = spawned.success
  yield* confirm(wake.started)
  const relay = Queue.take(lines).pipe(
    Effect.flatMap((line) => tellProgress(wake.progress, line)),
    Effect.andThen(Effect.sleep(limits.progress_interval_ms)),
    Effect.forever
  )
  const ended = Effect.gen(function*() {
    const end = yield* child.ended
    const duration_ms = (yield* Clock.currentTimeMillis) - begun
    yield* Effect.sleep(execLimits.stop_notice_ms)
    return answered(yield* answerOf({ ...heard, program, end, duration_ms }, json, mask))
  })
  const signalled = Effect.flatMap(Queue.take(signals), (signal) => stopped(child, signals, signal))
  return yield* Effect.raceAllFirst([ended, signalled, relay])
})

/**
 * Runs a command as the agent of the wake that we are in: confirms when it runs, and makes its end the answer. Returns the
 * exit code: 0 when there is an answer, whatever it says. Where it is asked to stop, so is the command, and as nobody
 * waits for an answer then, there is none.
 */
export const exec = Effect.fnUntraced(function*(options: ExecOptions) {
  const signals = yield* stopSignals
  const wake = yield* wakeIn(process.env)
  if (yield* isThere(wake.answer)) {
    yield* say("the answer is there already")
    return 0
  }
  const prompt = yield* attempt(wake.prompt_file, () => readFile(wake.prompt_file, "utf8")).pipe(
    Effect.mapError(({ reason }) => new ExecRefused({ message: `agentcom-sidecar exec: no prompt: ${reason}` }))
  )
  const ending = yield* run(options, wake, prompt, signals)
  if (ending._tag === "Stopped") return exitCodeOf(ending.signal)
  if (yield* isThere(wake.answer)) {
    yield* say("the command has answered by itself")
    return 0
  }
  const { reason } = ending.answer
  if (typeof reason === "string") yield* say(reason)
  return yield* Effect.raceFirst(
    Effect.as(handIn(wake.answer, answerText(ending.answer)), 0),
    Effect.map(Queue.take(signals), exitCodeOf)
  )
})
