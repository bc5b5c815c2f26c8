import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { lstat, open } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { isSafeWorkId } from "../domain/ids.ts"
import { domainLimits } from "../domain/limits.ts"
import type { WorkKind } from "../domain/Work.ts"
import { exitCodes } from "../exitCodes.ts"
import type { ArgumentValues } from "../process/arguments.ts"
import type { Environment } from "../process/programs.ts"
import { attempt, isMissing, writeDurably } from "../storage/files.ts"
import { makeOne } from "../storage/folders.ts"
import { execLimits } from "./limits.ts"

/** `exec` cannot begin: it is used wrongly, or not in a wake. The message says what to change. */
class ExecRefused extends Schema.TaggedError<ExecRefused>()("ExecRefused", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}

export const refuse = (reason: string) => new ExecRefused({ message: `agentcom-sidecar exec: ${reason}` })

/** The wake that we run in; the paths are absolute. */
export interface Wake {
  readonly kind: WorkKind
  readonly values: Omit<ArgumentValues, "prompt"> // of placeholders
  readonly prompt_file: string
  readonly started: string
  readonly progress: string
  readonly answer: string
}

/** Reads the wake from the environment that the sidecar gives its command. It is that of a task, unless there is only a batch. */
export const wakeIn = Effect.fnUntraced(function*(environment: Environment) {
  const variable = (name: string) => {
    const value = environment[name]
    return value === undefined || value === ""
      ? refuse(`${name} is not in the environment: this is for the wake_command of a sidecar, which sets it`)
      : Effect.succeed(value)
  }
  const path = (name: string) => Effect.map(variable(name), (value) => resolve(value))
  const isBatch = environment["TASK_ID"] === undefined && environment["BATCH_ID"] !== undefined
  const id = yield* variable(isBatch ? "BATCH_ID" : "TASK_ID")
  if (!isSafeWorkId(id)) {
    return yield* refuse(isBatch ? "BATCH_ID is not the id of a batch" : "TASK_ID is not the id of a task")
  }
  const results_dir = yield* path("RESULTS_DIR")
  const prompt_file = yield* path(isBatch ? "MESSAGES_PROMPT_FILE" : "TASK_PROMPT_FILE")
  const result = (ending: string) => join(results_dir, `${id}${ending}`)
  const own = isBatch ? { batch_id: id } : { task_id: id, task_file: yield* path("TASK_FILE") }
  const wake: Wake = {
    kind: isBatch ? "messages" : "task",
    values: {
      ...own,
      prompt_file,
      results_dir,
      messages_file: environment["MESSAGES_FILE"], // a daemon that was not updated with us sets neither
      outbox_dir: environment["OUTBOX_DIR"]
    },
    prompt_file,
    started: result(".started"),
    progress: result(".progress"),
    answer: result(".json")
  }
  return wake
})

/** What the prompt names beside the work: its own files, and our commands for messages. */
export const besideWork = ({ values: { messages_file, outbox_dir, task_file } }: Wake): ReadonlyArray<string> => [
  ...[messages_file, outbox_dir, task_file].filter((path) => path !== undefined),
  "agentcom-sidecar "
]

/** The environment of the command: ours without the sidecar's own variables, except the cookie by which its processes are found. */
export const commandEnvironment = (environment: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && (!/^AGENTCOM_/i.test(name) || name === "AGENTCOM_WAKE_ID") ? [[name, value]] : []
    )
  )

/** The folder that a relative program is named from: that of the configuration. */
export const folderIn = (environment: Environment): string => environment["AGENTCOM_FOLDER"] ?? process.cwd()

/** How long a known agent may print nothing; a daemon that was not updated with us does not tell. */
export const silenceLimit = (environment: Environment): number =>
  Number(environment["AGENTCOM_OUTPUT_SILENCE_MS"] ?? Infinity)

/** Writes a sentence to standard error, which the sidecar keeps in the log of the task. */
export const say = (sentence: string): Effect.Effect<void> =>
  Effect.sync(() => void process.stderr.write(`agentcom-sidecar exec: ${sentence}\n`))

export const isThere = (path: string) =>
  attempt(path, () => lstat(path)).pipe(Effect.as(true), Effect.catchIf(isMissing, () => Effect.succeed(false)))

/** Writes a file of the results folder, which is made if it is missing. */
const put = (path: string, write: () => Promise<void>) =>
  attempt(path, async () => {
    await makeOne(dirname(path))
    await write()
  })

/** Confirms the wake. An error is only reported: without the confirmation the sidecar stops the command anyway. */
export const confirm = (path: string): Effect.Effect<void> =>
  put(path, async () => (await open(path, "a", 0o600)).close()).pipe(
    Effect.catch(({ reason }) => say(`the confirmation cannot be written: ${reason}`))
  )

/** Tells of progress. An error does not matter, because the next line comes soon. */
export const tellProgress = (path: string, line: string): Effect.Effect<void> =>
  Effect.ignore(put(path, () => writeDurably(path, JSON.stringify({ message: line }))))

/** Writes the answer, whole and durably. Tries again for as long as somebody may need to fix a disk. */
export const handIn = (path: string, text: string) =>
  put(path, () => writeDurably(path, text)).pipe(
    Effect.tapError(({ reason }) => say(`the answer cannot be written: ${reason}`)),
    Effect.retry({ schedule: Schedule.spaced(domainLimits.disk_retry_ms), times: execLimits.write_retries })
  )
