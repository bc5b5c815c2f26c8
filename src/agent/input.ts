import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { lstat, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fillPrompt, messagesHint, type PromptValues } from "../config/promptTemplate.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { Assignment, JsonObject, type Task } from "../domain/Work.ts"
import { type Platform, platform } from "../platform.ts"
import { textOf, type WakeCommand } from "../process/arguments.ts"
import type { WakeFiles } from "../process/wakeFiles.ts"
import { WakeImpossible } from "../services/Waker.ts"
import { attempt } from "../storage/files.ts"
import { orAbsent } from "../storage/folders.ts"
import { fromExactJson } from "../text/json.ts"
import { dataNames } from "./environment.ts"
import { fenced } from "./messages/fence.ts"
import { noMessages } from "./messages/taskMessages.ts"
import type { WakeInput } from "./wake.ts"

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
export const promptText = (
  template: string,
  task: Task,
  files: WakeFiles,
  { message_command, outbox_dir, results_dir }: Pick<Settings, "message_command" | "outbox_dir" | "results_dir">
): string => {
  const details = detailsOf(task, files.payload_path)
  const name = nameFor([task.payload.description, details])
  const result = (ending: string): string => join(results_dir, `${task.id}${ending}`)
  const { messages_path: messages_file } = files
  const values: PromptValues = {
    task: fenced("task", name, task.payload.description),
    details: fenced("details", name, details),
    task_id: task.id,
    task_file: files.payload_path,
    results_dir,
    messages: message_command === null ? "" : fillPrompt(messagesHint, { messages_file }),
    messages_file,
    outbox_dir,
    started_file: result(".started"),
    progress_file: result(".progress"),
    answer_tmp_file: result(".json.tmp"),
    answer_file: result(".json")
  }
  return fillPrompt(template, values)
}

/** No environment can hold a NUL. */
const withoutNul = (value: string): string => value.replaceAll("\0", "")

const fits = (value: string): boolean => Buffer.byteLength(value) <= payload_in_env_bytes

/** The variables with the task's text that this platform can hold. On Windows none: cmd.exe would read them as commands. */
export const dataOf = (task: Task, payload: string, on: Platform): Record<string, string> =>
  on === "windows"
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
  on: Platform
): ReadonlyArray<string> => {
  const data = dataOf(task, payload, on)
  return dataNames.filter((name) => !(name in data) && new RegExp(`(?<!\\w)${name}(?!\\w)`).test(textOf(command)))
}

/** Fails if the command reads a variable that cannot hold this task. */
const checkVariables = (command: WakeCommand, task: Task, payload: string): Effect.Effect<void, WakeImpossible> => {
  const names = tooLarge(command, task, payload, platform).map((name) => `\${${name}}`).join(" and ")
  return names === "" ? Effect.void : new WakeImpossible({
    remedy: `the wake_command uses ${names}, which this task makes larger than the ` +
      `${payload_in_env_bytes} bytes an environment variable can hold: let it read the file \${TASK_FILE} instead`
  })
}

/** What the command of a task is given. Fails if the command can never run for this task. */
export const taskInput = Effect.fnUntraced(function*(settings: Settings, task: Task, files: WakeFiles) {
  const { outbox_dir, prompt_template, results_dir, tasks_dir, wake_command } = settings
  const payload = payloadText(task)
  yield* checkVariables(wake_command, task, payload)
  const { messages_path, payload_path, prompt_path } = files
  const prompt = promptText(prompt_template, task, files, settings).toWellFormed()
  const input: WakeInput = {
    key: "wake_command",
    command: wake_command,
    files,
    given: [
      { path: payload_path, text: payload },
      { path: prompt_path, text: prompt },
      ...noMessages(tasks_dir, task.id)
    ],
    values: {
      prompt,
      prompt_file: prompt_path,
      task_id: task.id,
      task_file: payload_path,
      messages_file: messages_path,
      outbox_dir,
      results_dir
    },
    data: dataOf(task, payload, platform)
  }
  return input
})
