import type { JsonObject, Task } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import type { Platform } from "../platform.ts"
import type { WakeCommand } from "../process/arguments.ts"
import type { Environment } from "../process/findProgram.ts"
import { withOwnBin } from "../process/findProgram.ts"
import { lostRemedy, lostVariables } from "../process/launcherShell.ts"
import type { WakeFiles } from "../process/taskFiles.ts"

/** What the agent is given: the whole assignment, and on top of it what the daemon knows it by. */
export const payloadText = (task: Task): string => {
  const { generation, id, payload: { assigned_at, assignment, description, metadata } } = task
  const payload: JsonObject = { ...assignment, task_id: id, description, metadata, generation, assigned_at }
  return JSON.stringify(payload)
}

/** The variables that hold the task itself. */
const dataNames = ["TASK_DESCRIPTION", "TASK_JSON"] as const

const ownNames = new Set<string>([...dataNames, "TASK_ID", "TASK_FILE", "TASK_PROMPT_FILE", "RESULTS_DIR"])

/** No environment can hold a NUL. */
const withoutNul = (value: string): string => value.replaceAll("\0", "")

const fits = (value: string): boolean => Buffer.byteLength(value) <= limits.payload_in_env_bytes

/** The task's own variables that the platform can carry; `cmd.exe` would read task data as commands, so it gets none. */
const dataOf = (task: Task, payload: string, platform: Platform): Record<string, string> =>
  platform === "windows"
    ? {}
    : Object.fromEntries(
      Object.entries({ TASK_DESCRIPTION: withoutNul(task.payload.description), TASK_JSON: payload })
        .filter(([, value]) => fits(value))
    )

/** Those variables that the command uses and this task is too large for. */
export const tooLarge = (
  command: WakeCommand,
  task: Task,
  payload: string,
  platform: Platform
): ReadonlyArray<string> => {
  const data = dataOf(task, payload, platform)
  const text = typeof command === "string" ? command : command.join(" ")
  return dataNames.filter((name) => !(name in data) && new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text))
}

const openclaw_refuses =
  "openclaw refuses to run where OPENCLAW_SHELL is exec: start the sidecar from an ordinary shell, " +
  "not from that of an OpenClaw agent"

/** What in this environment will keep the wake command from running as it should, in words for its owner. */
export const obstaclesIn = (inherited: Environment, command: WakeCommand): ReadonlyArray<string> => {
  const text = typeof command === "string" ? command : command.join(" ")
  const refused = inherited["OPENCLAW_SHELL"] === "exec" && /openclaw/i.test(text)
  const lost = lostVariables(command, inherited)
  return [...(refused ? [openclaw_refuses] : []), ...(lost === null ? [] : [`${lost}: ${lostRemedy}`])]
}

/** A token so short that any text may hold it is only known as a whole value. */
const tells = (value: string, token: string): boolean =>
  token.length < limits.secret_chars ? value === token : value.includes(token)

/** The daemon's own variables and its token stay with it, and so does what an outer wake may have left. */
const inheritable = (name: string, value: string, token: string): boolean =>
  !/^AGENTCOM_|^NODE_ENV$/i.test(name) && !ownNames.has(name.toUpperCase()) && !tells(value, token)

/**
 * What a supervisor's file has put into NODE_ENV is for the daemon: npm would leave out the development packages of an
 * agent's project. Such a file tells what was there before, or nothing.
 */
const ownNodeEnv = ({ AGENTCOM_AGENT_NODE_ENV: before, NODE_ENV: inherited }: Environment): Record<string, string> => {
  const value = before ?? inherited ?? ""
  return value === "" ? {} : { NODE_ENV: value }
}

/** The environment of a wake command: the daemon's without its secrets, and the task. */
export const childEnvironment = (
  inherited: Environment,
  { token, results_dir }: { readonly token: string; readonly results_dir: string },
  task: Task,
  payload: string,
  files: WakeFiles,
  platform: Platform
): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(inherited).flatMap(([name, value]) =>
      value !== undefined && inheritable(name, value, token) ? [[name, value]] : []
    )
  ),
  ...ownNodeEnv(inherited),
  ...withOwnBin(inherited, platform),
  AGENTCOM_NODE: process.execPath, // what runs `agentcom-sidecar` on that PATH
  TASK_ID: task.id,
  TASK_FILE: files.payload_path,
  TASK_PROMPT_FILE: files.prompt_path,
  RESULTS_DIR: results_dir,
  AGENTCOM_WAKE_ID: files.wake_id, // the cookie by which the processes of this wake are found
  ...dataOf(task, payload, platform)
})
