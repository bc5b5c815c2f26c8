import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { readFile } from "node:fs/promises"
import { domainLimits } from "../domain/limits.ts"
import { quotable, secretsIn } from "../secrets/secret.ts"
import { attempt } from "../storage/files.ts"
import { answerText, type ExecAnswer, failed } from "./answer.ts"
import { type Child, exitCodeOf, passOn, prepareCommand, spawnChild, startProblem, stopSignals } from "./command.ts"
import { execLimits } from "./limits.ts"
import { echo } from "./output.ts"
import { readerOf, type ReadOptions } from "./reader.ts"
import { silenceReason, watchSilence } from "./silence.ts"
import {
  besideWork,
  commandEnvironment,
  confirm,
  folderIn,
  handIn,
  isThere,
  refuse,
  say,
  silenceLimit,
  tellProgress,
  type Wake,
  wakeIn
} from "./wake.ts"

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

/** Stops a command that has printed nothing for too long. */
const silenced = Effect.fnUntraced(function*(child: Child, program: string, limit_ms: number) {
  yield* passOn(child.pid, "SIGTERM")
  const ended = yield* Effect.timeoutOption(child.ended, execLimits.stop_grace_ms)
  if (Option.isNone(ended)) yield* passOn(child.pid, "SIGKILL")
  return answered(failed(silenceReason(program, limit_ms)))
})

/** Runs the command to its end. Tells of what it does at most once in `progress_interval_ms`. */
const run = Effect.fnUntraced(function*(
  options: ReadOptions,
  wake: Wake,
  prompt: string,
  signals: Queue.Queue<NodeJS.Signals>
) {
  const environment = commandEnvironment(process.env)
  const secrets = secretsIn(environment)
  const mask = (text: string) => quotable(text, secrets)
  const lines = yield* Queue.sliding<string>(1)
  const tell = (line: string) => void Queue.offerUnsafe(lines, line)
  const { command, judge, onErrors, onOutput, is_stream } = readerOf(options, tell, {
    output: echo(process.stdout),
    errors: echo(process.stderr)
  })
  const prepared = prepareCommand(command, { ...wake.values, prompt }, environment, folderIn(process.env))
  if (prepared._tag === "Impossible") return answered(failed(prepared.reason))
  const program = command[0] ?? ""
  const begun = yield* Clock.currentTimeMillis
  const limit_ms = is_stream ? silenceLimit(process.env) : Infinity
  const silence = watchSilence(limit_ms, is_stream ? tell : () => {})
  const hearing = (hear: (chunk: Uint8Array) => void) => (chunk: Uint8Array) => {
    silence.heard()
    hear(chunk)
  }
  const spawned = yield* Effect.result(
    spawnChild(prepared.command, {
      onOutput: hearing(onOutput),
      onErrors: hearing(onErrors),
      input: prepared.input,
      environment
    })
  )
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
    return answered(
      yield* judge(
        { program, prompt, end, duration_ms, kind: wake.kind, beside_work: besideWork(wake) },
        mask
      )
    )
  })
  const signalled = Effect.flatMap(Queue.take(signals), (signal) => stopped(child, signals, signal))
  const silent = Effect.andThen(silence.tooLong, silenced(child, program, limit_ms))
  return yield* Effect.raceAllFirst([ended, signalled, silent, relay])
})

/**
 * Runs a command as the agent of the wake that we are in: confirms when it runs, and makes its end the answer. Returns the
 * exit code, which is 0 if there is an answer, whatever it says. If we are asked to stop, the command is asked too, and no
 * answer is written, because nobody waits for one.
 */
export const exec = Effect.fnUntraced(function*(options: ReadOptions) {
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
