import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { lstat, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fillPrompt } from "../config/promptTemplate.ts"
import { Assignment, JsonObject, type Task } from "../domain/Work.ts"
import type { Platform } from "../platform.ts"
import type { WakeCommand } from "../process/arguments.ts"
import { lostRemedy, lostVariables } from "../process/launcher.ts"
import { type Environment, withOwnBin } from "../process/programs.ts"
import type { WakeFiles } from "../process/wakeFiles.ts"
import { secret_chars } from "../secrets/secret.ts"
import { attempt } from "../storage/files.ts"
import { orAbsent } from "../storage/folders.ts"
import { fromExactJson } from "../text/json.ts"

export const payload_in_env_bytes = 96 * 1024
export const prompt_details_bytes = 32 * 1024

/** The payload that the agent gets: the whole assignment, with our own values for the keys that identify the task. */
export const payloadText = (task: Task): string => {
  const { generation, id, payload: { assigned_at, assignment, description, metadata } } = task
  const payload: JsonObject = { ...assignment, task_id: id, description, metadata, generation, assigned_at }
  return JSON.stringify(payload)
}

const { assignment: _, ...ourFields } = Assignment.fields
const Payload = Schema.StructWithRest(Schema.Struct(ourFields), [JsonObject])
const decode = Schema.decodeUnknownOption(fromExactJson(Payload))

/** Reads a payload back as the assignment that it was made of; null if the file is gone or no payload any more. */
export const readPayload = Effect.fnUntraced(function*(path: string) {
  const stats = yield* attempt(path, () => lstat(path)).pipe(orAbsent(path, null))
  if (stats === null || !stats.isFile()) return null
  const text = yield* attempt(path, () => readFile(path, "utf8"))
  return Option.match(decode(text), {
    onNone: (): Assignment | null => null,
    onSome: (assignment) => {
      const { assigned_at, description, generation, metadata, task_id } = assignment
      return { task_id, description, metadata, generation, assigned_at, assignment }
    }
  })
})

/** A name that none of the texts holds, so that none of them can fake its own end. The same texts get the same name. */
const nameFor = (texts: ReadonlyArray<string>, round = 0): string => {
  const hash = createHash("sha256").update(`${round}`)
  for (const text of texts) hash.update(`\0${text.length}\0`).update(text)
  const name = hash.digest("hex").slice(0, 16)
  return texts.some((text) => text.includes(name)) ? nameFor(texts, round + 1) : name
}

const fenced = (what: string, name: string, text: string): string =>
  `===== ${what} ${name} begins =====\n${text}\n===== ${what} ${name} ends =====`

/** What the assignment says and the rest of the prompt does not. */
const detailsOf = ({ payload: { assignment, metadata } }: Task, task_file: string): string => {
  const { assigned_at: _a, description: _d, generation: _g, metadata: _m, task_id: _i, type: _t, ...others } =
    assignment
  const details = Object.keys(metadata).length > 0 ? { ...others, metadata } : others
  if (Object.keys(details).length === 0) return "{}"
  const text = JSON.stringify(details, null, 2)
  const bytes = Buffer.byteLength(text)
  return bytes > prompt_details_bytes ? `They are ${bytes} bytes: read them in the file ${task_file}` : text
}

/** The text that an agent is to read: the template with the fenced task and the paths of its files. */
export const promptText = (template: string, task: Task, files: WakeFiles, results_dir: string): string => {
  const details = detailsOf(task, files.payload_path)
  const name = nameFor([task.payload.description, details])
  const result = (ending: string): string => join(results_dir, `${task.id}${ending}`)
  return fillPrompt(template, {
    task: fenced("task", name, task.payload.description),
    details: fenced("details", name, details),
    task_id: task.id,
    task_file: files.payload_path,
    results_dir,
    started_file: result(".started"),
    progress_file: result(".progress"),
    answer_tmp_file: result(".json.tmp"),
    answer_file: result(".json")
  })
}

/** The variables that hold the task itself. */
const dataNames = ["TASK_DESCRIPTION", "TASK_JSON"] as const

const ownNames = new Set<string>([...dataNames, "TASK_ID", "TASK_FILE", "TASK_PROMPT_FILE", "RESULTS_DIR"])

const textOf = (command: WakeCommand): string => typeof command === "string" ? command : command.join(" ")

/** No environment can hold a NUL. */
const withoutNul = (value: string): string => value.replaceAll("\0", "")

const fits = (value: string): boolean => Buffer.byteLength(value) <= payload_in_env_bytes

/** The variables with the task's text that this platform can hold. On Windows none: cmd.exe would read them as commands. */
const dataOf = (task: Task, payload: string, platform: Platform): Record<string, string> =>
  platform === "windows"
    ? {}
    : Object.fromEntries(
      Object.entries({ TASK_DESCRIPTION: withoutNul(task.payload.description), TASK_JSON: payload })
        .filter(([, value]) => fits(value))
    )

/** The variables that the command uses and that cannot hold this task. */
export const tooLarge = (
  command: WakeCommand,
  task: Task,
  payload: string,
  platform: Platform
): ReadonlyArray<string> => {
  const data = dataOf(task, payload, platform)
  return dataNames.filter((name) => !(name in data) && new RegExp(`(?<!\\w)${name}(?!\\w)`).test(textOf(command)))
}

const openclaw_refuses =
  "openclaw refuses to run where OPENCLAW_SHELL is exec: start the sidecar from an ordinary shell, " +
  "not from that of an OpenClaw agent"

/** Sentences about what in this environment keeps the wake command from running as it should. */
export const obstaclesIn = (inherited: Environment, command: WakeCommand): ReadonlyArray<string> => {
  const refused = inherited["OPENCLAW_SHELL"] === "exec" && /openclaw/i.test(textOf(command))
  const lost = lostVariables(command, inherited)
  return [...(refused ? [openclaw_refuses] : []), ...(lost === null ? [] : [`${lost}: ${lostRemedy}`])]
}

/** A short token may be part of any text, so it is recognised only as a whole value. */
const tells = (value: string, token: string): boolean =>
  token.length < secret_chars ? value === token : value.includes(token)

/** The agent gets neither the daemon's own variables nor its token, nor the variables of an outer wake. */
const inheritable = (name: string, value: string, token: string): boolean =>
  !/^AGENTCOM_|^NODE_ENV$/i.test(name) && !ownNames.has(name.toUpperCase()) && !tells(value, token)

/**
 * The user's own NODE_ENV. The value in a supervisor's file is for the daemon: with it npm would leave out the development
 * packages of an agent's project. Such a file keeps the earlier value, or an empty one, in AGENTCOM_AGENT_NODE_ENV.
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
  AGENTCOM_NODE: process.execPath, // runs `agentcom-sidecar` on that PATH
  TASK_ID: task.id,
  TASK_FILE: files.payload_path,
  TASK_PROMPT_FILE: files.prompt_path,
  RESULTS_DIR: results_dir,
  AGENTCOM_WAKE_ID: files.wake_id, // the cookie by which the processes of this wake are found
  ...dataOf(task, payload, platform)
})
