import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { readFile } from "node:fs/promises"
import { domainLimits } from "../domain/limits.ts"
import { quotable, secretsIn } from "../secrets/secret.ts"
import { attempt } from "../storage/files.ts"
import { answerOf, answerText, type ExecAnswer, failed } from "./answer.ts"
import { type Child, exitCodeOf, passOn, prepareCommand, spawnChild, startProblem, stopSignals } from "./command.ts"
import { execLimits } from "./limits.ts"
import { listen } from "./output.ts"
import { commandEnvironment, confirm, handIn, isThere, refuse, say, tellProgress, type Wake, wakeIn } from "./wake.ts"

interface ExecOptions {
  readonly command: ReadonlyArray<string>
  readonly json: boolean
  readonly progress: boolean
}

type Ending =
  | { readonly _tag: "Answered"; readonly answer: ExecAnswer }
  | { readonly _tag: "Stopped"; readonly signal: NodeJS.Signals }

const answered = (answer: ExecAnswer): Ending => ({ _tag: "Answered", answer })

/** Passes every signal on until the command has ended. The first waits, because the command has often got it too. */
const stopped = (child: Child, signals: Queue.Queue<NodeJS.Signals>, first: NodeJS.Signals): Effect.Effect<Ending> => {
  const others = Effect.forever(Effect.flatMap(Queue.take(signals), (signal) => passOn(child.pid, signal)))
  const all = Effect.sleep(execLimits.pass_on_ms).pipe(Effect.andThen(passOn(child.pid, first)), Effect.andThen(others))
  return Effect.as(Effect.raceFirst(child.ended, all), { _tag: "Stopped", signal: first })
}

/** Runs the command to its end. Tells of its newest line at most once in `progress_interval_ms`. */
const run = Effect.fnUntraced(function*(
  { command, json, progress }: ExecOptions,
  wake: Wake,
  prompt: string,
  signals: Queue.Queue<NodeJS.Signals>
) {
  const environment = commandEnvironment(process.env)
  const secrets = secretsIn(environment)
  const mask = (text: string) => quotable(text, secrets)
  const prepared = prepareCommand(command, { ...wake.values, prompt }, environment)
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
    Effect.andThen(Effect.sleep(domainLimits.progress_interval_ms)),
    Effect.forever
  )
  const ended = Effect.gen(function*() {
    const end = yield* child.ended
    const duration_ms = (yield* Clock.currentTimeMillis) - begun
    yield* Effect.sleep(execLimits.stop_notice_ms)
    return answered(yield* answerOf({ ...heard, program, end, duration_ms, kind: wake.kind }, json, mask))
  })
  const signalled = Effect.flatMap(Queue.take(signals), (signal) => stopped(child, signals, signal))
  return yield* Effect.raceAllFirst([ended, signalled, relay])
})

/**
 * Runs a command as the agent of the wake that we are in: confirms when it runs, and makes its end the answer. Returns the
 * exit code, which is 0 if there is an answer, whatever it says. If we are asked to stop, the command is asked too, and no
 * answer is written, because nobody waits for one.
 */
export const exec = Effect.fnUntraced(function*(options: ExecOptions) {
  const signals = yield* stopSignals
  const wake = yield* wakeIn(process.env)
  if (yield* isThere(wake.answer)) {
    yield* say("the answer is there already")
    return 0
  }
  const prompt = yield* attempt(wake.prompt_file, () => readFile(wake.prompt_file, "utf8")).pipe(
    Effect.mapError(({ reason }) => refuse(`no prompt: ${reason}`))
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
