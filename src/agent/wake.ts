import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { FileHandle } from "node:fs/promises"
import { access, constants } from "node:fs/promises"
import { dirname } from "node:path"
import type { Settings } from "../config/SidecarConfig.ts"
import type { Task, WakeEnd, Work } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import type { ArgumentValues, WakeCommand } from "../process/arguments.ts"
import { fillArguments } from "../process/arguments.ts"
import { findProgram } from "../process/findProgram.ts"
import { launchOf, unrecorded_exit } from "../process/launcher.ts"
import type { LauncherShell } from "../process/launcherShell.ts"
import { launcherShell, plainShell } from "../process/launcherShell.ts"
import { makeRoom, openLog } from "../process/log.ts"
import type { Place, Processes } from "../process/processes.ts"
import { programProblemIn } from "../process/programs.ts"
import { clearUnwritten } from "../process/record.ts"
import { carryProblem, roomRemedy } from "../process/room.ts"
import type { Exit, Quoting } from "../process/spawn.ts"
import { outputTail, spawnDetached, wakeEnd } from "../process/spawn.ts"
import type { WakeFiles } from "../process/taskFiles.ts"
import { logPath } from "../process/taskFiles.ts"
import { WakeImpossible } from "../services/Waker.ts"
import { attempt, FileError, writeDurably } from "../storage/files.ts"
import type { Looks } from "../storage/looks.ts"
import { homeOf, makeFolder } from "../storage/makeFolder.ts"
import { childEnvironment, payloadText, tooLarge } from "./environment.ts"
import type { WakeMemory } from "./memory.ts"
import { promptText } from "./prompt.ts"
import { realPathOf } from "./whose.ts"

/** A wake before it is made: all that it is made of, and nothing that could keep it from running. */
export interface PreparedWake {
  readonly files: WakeFiles
  readonly payload: string
  readonly prompt: string
  readonly command: WakeCommand
  readonly cwd: string
  readonly env: Record<string, string>
  readonly shell: LauncherShell
}

const impossible = (remedy: string) => new WakeImpossible({ remedy })

/** Fails where the command reads a variable that the platform could not carry for this task. */
const checkVariables = (command: WakeCommand, task: Task, payload: string): Effect.Effect<void, WakeImpossible> => {
  const names = tooLarge(command, task, payload, platform).map((name) => `\${${name}}`).join(" and ")
  return names === "" ? Effect.void : impossible(
    `the wake_command uses ${names}, which this task makes larger than the ` +
      `${limits.payload_in_env_bytes} bytes an environment variable can hold: let it read the file \${TASK_FILE} instead`
  )
}

/** A program that a wake needs cannot be run here, whatever the task. */
export class ProgramMissing extends Schema.TaggedError<ProgramMissing>()("ProgramMissing", { reason: Schema.String }) {}

/** Puts the values into a list and looks for its programs; what a shell is to do is left to it. */
const commandOf = (
  wake_command: WakeCommand,
  values: ArgumentValues,
  { cwd, env, files }: Pick<PreparedWake, "cwd" | "env" | "files">
): Effect.Effect<WakeCommand, WakeImpossible | ProgramMissing> => {
  const filled = typeof wake_command === "string" ? wake_command : fillArguments(wake_command, values)
  const missing = programProblemIn(filled, env, cwd)
  if (missing !== undefined) return new ProgramMissing({ reason: missing })
  if (typeof filled === "string") return Effect.succeed(filled)
  const resolved = findProgram(filled, env, cwd)
  if (resolved._tag === "Impossible") return new ProgramMissing({ reason: resolved.reason })
  // On Windows one command line carries the launcher too. What it is told of the log is never longer than this.
  const known = {
    ...{ wake_id: files.wake_id, boot: "", pid_namespace: "" },
    ...{ tasks_dir: dirname(files.record_path), log_offset: Number.MAX_SAFE_INTEGER }
  }
  const { args, file } = launchOf(platform, files.record_path, known, resolved.command, plainShell)
  const problem = carryProblem([file, ...args], platform)
  return problem === undefined
    ? Effect.succeed(resolved.command)
    : impossible(`the wake_command ${problem}: ${roomRemedy}`)
}

/** Fails with what to change where the command can never run for this task, or cannot run here. */
export const prepareWake = Effect.fnUntraced(function*(settings: Settings, work: Work, files: WakeFiles) {
  if (work.kind !== "task") return yield* impossible("there is no command for messages")
  const { prompt_template, results_dir, state_file, token, wake_command } = settings
  const payload = payloadText(work)
  yield* checkVariables(wake_command, work, payload)
  const known = { token: Redacted.value(token), results_dir }
  const prompt = promptText(prompt_template, work, files, results_dir).toWellFormed()
  const env = childEnvironment(process.env, known, work, payload, files, platform)
  const given = { files, cwd: dirname(state_file), env }
  const values = {
    prompt,
    task_id: work.id,
    task_file: files.payload_path,
    prompt_file: files.prompt_path,
    results_dir
  }
  const prepared: PreparedWake = {
    ...given,
    shell: launcherShell(wake_command, env),
    payload,
    prompt,
    command: yield* commandOf(wake_command, values, given)
  }
  return prepared
})

/** A launcher that could not make the record has run nothing: that is the disk's fault, as it is with the payload. */
const unlessUnrecorded = (record_path: string, looks: Looks) => (end: WakeEnd): Effect.Effect<WakeEnd, FileError> =>
  end.code !== unrecorded_exit
    ? Effect.succeed(end)
    : Effect.flatMap(looks.untilKnown(clearUnwritten(record_path)), (unwritten) => {
      const reason = `the wake record could not be made: ${end.output}`
      return unwritten ? Effect.fail(new FileError({ path: record_path, code: "", reason })) : Effect.succeed(end)
    })

export const tooLargeForSystem = impossible(
  `the arguments and the environment of the wake_command are more than the system takes: ${roomRemedy}`
)

const isTooLarge = (exit: Effect.Effect<Exit>): Effect.Effect<boolean> =>
  Effect.map(exit, (how) => how._tag === "Unspawned" && how.code === "E2BIG")

/** What a wake is spawned beside. */
export interface Surroundings {
  readonly processes: Processes
  readonly looks: Looks
  readonly place: Effect.Effect<Place, FileError>
  readonly memory: WakeMemory
  readonly quoting: Quoting
}

/**
 * Looks that the agent could answer, writes the payload and the prompt and spawns the command; returns with what waits for
 * its end, or with what the command is for the system. Both fail where the disk kept the command from running.
 */
export const spawnWake = (
  { results_dir, state_file, tasks_dir }: Pick<Settings, "results_dir" | "state_file" | "tasks_dir">,
  { looks, memory, place, processes, quoting }: Surroundings,
  { command, cwd, env, files, payload, prompt, shell }: PreparedWake
) => {
  const { payload_path, prompt_path, record_path, wake_id } = files
  const log_path = logPath(tasks_dir, files.work_id)
  const home = homeOf({ state_file })

  // An agent that cannot answer would fail for what is the disk's fault.
  const mayAnswer = attempt(results_dir, async () => {
    await makeFolder(home, results_dir)
    await access(results_dir, constants.W_OK | constants.X_OK)
  })

  const write = attempt(payload_path, async () => {
    await makeFolder(home, tasks_dir)
    await writeDurably(payload_path, payload)
    await writeDurably(prompt_path, prompt)
  })

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
