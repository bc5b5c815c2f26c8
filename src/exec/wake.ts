import * as Effect from "effect/Effect"
import { join, resolve } from "node:path"
import { isSafeWorkId } from "../domain/workId.ts"
import type { Environment } from "../process/findProgram.ts"
import { ExecRefused } from "./ExecRefused.ts"

/** The wake that we run in; the paths are absolute. */
export interface Wake {
  readonly task_id: string
  readonly task_file: string
  readonly prompt_file: string
  readonly results_dir: string
  readonly started: string
  readonly progress: string
  readonly answer: string
}

const refuse = (message: string) => new ExecRefused({ message: `agentcom-sidecar exec: ${message}` })

/** Reads the wake from the environment that the sidecar gives its wake command. */
export const wakeIn = Effect.fnUntraced(function*(environment: Environment) {
  const variable = (name: string) => {
    const value = environment[name]
    return value === undefined || value === ""
      ? refuse(`${name} is not in the environment: this is for the wake_command of a sidecar, which sets it`)
      : Effect.succeed(value)
  }
  const task_id = yield* variable("TASK_ID")
  if (!isSafeWorkId(task_id)) return yield* refuse("TASK_ID is no id of a task")
  const results_dir = resolve(yield* variable("RESULTS_DIR"))
  const result = (ending: string) => join(results_dir, `${task_id}${ending}`)
  const wake: Wake = {
    task_id,
    task_file: resolve(yield* variable("TASK_FILE")),
    prompt_file: resolve(yield* variable("TASK_PROMPT_FILE")),
    results_dir,
    started: result(".started"),
    progress: result(".progress"),
    answer: result(".json")
  }
  return wake
})

/** The environment of the command: ours, with nothing of the sidecar's own but the cookie by which its processes are found. */
export const commandEnvironment = (environment: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && (!/^AGENTCOM_/i.test(name) || name === "AGENTCOM_WAKE_ID") ? [[name, value]] : []
    )
  )
