import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { FileHandle } from "node:fs/promises"
import { access, constants } from "node:fs/promises"
import { dirname } from "node:path"
import type { Settings } from "../config/SidecarConfig.ts"
import type { WakeEnd } from "../domain/Work.ts"
import { platform } from "../platform.ts"
import {
  type ArgumentValues,
  carryProblem,
  fillArguments,
  isRunByExec,
  roomRemedy,
  variablesOf,
  type WakeCommand
} from "../process/arguments.ts"
import { realPathOf } from "../process/knownWake.ts"
import { type LauncherShell, launcherShell, launchOf, plainShell, unrecorded_exit } from "../process/launcher.ts"
import { findProgram, programProblemIn } from "../process/programs.ts"
import { type Exit, spawnDetached, wakeEnd } from "../process/spawn.ts"
import { makeRoom, openLog, outputTail } from "../process/taskLog.ts"
import { clearUnwritten, type GivenFile, logPath, type WakeFiles } from "../process/wakeFiles.ts"
import { WakeImpossible } from "../services/Waker.ts"
import { attempt, exists, FileError, writeDurably } from "../storage/files.ts"
import { homeOf, makeFolder } from "../storage/folders.ts"
import type { Looks } from "../storage/reading.ts"
import { childEnvironment, execVariables } from "./environment.ts"
import type { WakerTools } from "./wakes.ts"

/** What a command is given for its work: the files that are written before it runs, its placeholders and its variables. */
export interface WakeInput {
  readonly key: "wake_command" | "message_command" // of the configuration
  readonly command: WakeCommand
  readonly files: WakeFiles
  readonly given: ReadonlyArray<GivenFile>
  readonly values: ArgumentValues
  readonly data: Readonly<Record<string, string>> // variables that hold text of others
}

/** A wake that nothing has been written or run for yet. Its command has passed all checks. */
export interface PreparedWake extends Pick<WakeInput, "key" | "command" | "files" | "given"> {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly shell: LauncherShell
}

/** This machine cannot run a program that every wake needs. */
export class ProgramMissing extends Schema.TaggedError<ProgramMissing>()("ProgramMissing", { reason: Schema.String }) {}

/** Puts the values into a list and finds its programs, from the folder of the configuration. A line stays as it is, for the shell. */
const commandOf = (
  { command, files, key, values }: WakeInput,
  home: string,
  env: Record<string, string>
): Effect.Effect<WakeCommand, WakeImpossible | ProgramMissing> => {
  const filled = typeof command === "string" ? command : fillArguments(command, values)
  const missing = programProblemIn(filled, env, home)
  if (missing !== undefined) return new ProgramMissing({ reason: missing })
  if (typeof filled === "string") return Effect.succeed(filled)
  const resolved = findProgram(filled, env, home)
  if (resolved._tag === "Impossible") return new ProgramMissing({ reason: resolved.reason })
  // On Windows the same command line holds the launcher's own arguments. This is the longest that they can be there.
  const { record_path, wake_id } = files
  const longest = {
    wake_id,
    boot: "",
    pid_namespace: "",
    tasks_dir: dirname(record_path),
    log_offset: Number.MAX_SAFE_INTEGER
  }
  const { args, file } = launchOf(platform, record_path, longest, resolved.command, plainShell)
  const problem = carryProblem([file, ...args], platform)
  return problem === undefined
    ? Effect.succeed(resolved.command)
    : new WakeImpossible({ remedy: `the ${key} ${problem}: ${roomRemedy}` })
}

/** Prepares a wake. Fails if the command can never run for this work (the remedy says what to change) or cannot run here. */
export const prepareWake = Effect.fnUntraced(function*(settings: Settings, input: WakeInput) {
  const { command, data, files, given, key, values } = input
  const forExec = isRunByExec(command) ? execVariables(settings) : {}
  const variables = { ...variablesOf(values), ...data, ...forExec }
  const env = childEnvironment(process.env, Redacted.value(settings.token), files.wake_id, variables, platform)
  const prepared: PreparedWake = {
    key,
    files,
    given,
    cwd: settings.agent_dir,
    env,
    shell: launcherShell(command, env),
    command: yield* commandOf(input, homeOf(settings), env)
  }
  return prepared
})

/** Fails if the launcher could not make the record. It has run nothing then, and the disk is at fault, not the agent. */
const unlessUnrecorded = (record_path: string, looks: Looks) => (end: WakeEnd): Effect.Effect<WakeEnd, FileError> =>
  end.code !== unrecorded_exit
    ? Effect.succeed(end)
    : Effect.flatMap(looks.untilKnown(clearUnwritten(record_path)), (unwritten) => {
      const reason = `the wake record could not be made: ${end.output}`
      return unwritten ? Effect.fail(new FileError({ path: record_path, code: "", reason })) : Effect.succeed(end)
    })

export const tooLargeForSystem = ({ key }: PreparedWake) =>
  new WakeImpossible({
    remedy: `the arguments and the environment of the ${key} are more than the system takes: ${roomRemedy}`
  })

const isTooLarge = (exit: Effect.Effect<Exit>): Effect.Effect<boolean> =>
  Effect.map(exit, (how) => how._tag === "Unspawned" && how.code === "E2BIG")

/**
 * Checks that the agent could answer, writes what it is given, and spawns the command. Returns the effect that
 * waits for its end, or "too large" if the system refuses the arguments. Either effect fails if the disk kept the command
 * from running.
 */
export const spawnWake = (
  settings: Settings,
  { looks, memory, place, processes, quoting }: WakerTools,
  { command, cwd, env, files, given, shell }: PreparedWake
) => {
  const { results_dir, tasks_dir } = settings
  const { record_path, wake_id } = files
  const log_path = logPath(tasks_dir, files.work_id)
  const home = homeOf(settings)

  // An agent that cannot write its answer would fail because of the disk.
  const mayAnswer = attempt(results_dir, async () => {
    await makeFolder(home, results_dir)
    await access(results_dir, constants.W_OK | constants.X_OK)
  })

  const write = Effect.andThen(
    attempt(tasks_dir, () => makeFolder(home, tasks_dir)),
    Effect.forEach(given, ({ path, text, unless_there }) =>
      attempt(path, async () => {
        if (unless_there === undefined || !(await exists(path))) await writeDurably(path, text)
      }), { discard: true })
  )

  const spawn = Effect.fnUntraced(function*(log: FileHandle) {
    yield* makeRoom(log_path)
    const { size } = yield* attempt(log_path, () => log.stat())
    const known = { wake_id, ...yield* place, tasks_dir: yield* realPathOf(tasks_dir), log_offset: size }
    const launch = launchOf(platform, record_path, known, command, shell)
    const { exit, pid } = yield* spawnDetached(launch, { cwd, env, log })
    if (pid === null && (yield* isTooLarge(exit))) return "too large" as const
    const problemOf = (program: string) => programProblemIn([program], env, cwd)
    const line = typeof command === "string" ? { command, problemOf } : null
    const end = exit.pipe(
      Effect.flatMap((how) => wakeEnd(how, line, outputTail(log_path, size, quoting))),
      Effect.flatMap(unlessUnrecorded(record_path, looks))
    )
    if (pid === null) return { end }
    const record = { ...known, pid, start_time: yield* processes.startOf(pid) }
    return { end: yield* memory.watch({ files, record, at: "here" }, end) }
  }, Effect.uninterruptible)

  return Effect.andThen(
    Effect.andThen(mayAnswer, write),
    Effect.acquireUseRelease(
      openLog(log_path, quoting.own),
      spawn,
      (log) => Effect.ignore(attempt(log_path, () => log.close()))
    )
  )
}
