import * as Predicate from "effect/Predicate"
import type { HubCommand, Report } from "../domain/Command.ts"
import type { Progress } from "../domain/Evidence.ts"
import type { JsonObject } from "../domain/Work.ts"
import { mask } from "./quoted.ts"
import { looksLikeKey, type Secret } from "./secret.ts"

/** Where in a frame a secret stood: the task, the field, and the names of the secrets. */
export interface HiddenSecrets {
  readonly task_id: string | null
  readonly field: "result" | "reason" | "error" | "execution_event"
  readonly names: ReadonlyArray<string>
}

/** Makes of a command what may go out, and tells what was hidden in it. */
export type HideSecrets = (command: HubCommand) => {
  readonly safe: HubCommand
  readonly hidden: HiddenSecrets | null
}

/** Hides secrets in the strings and keys of JSON values, and notes whose they were. A value that holds none stays the same one. */
const hider = (secrets: ReadonlyArray<Secret>) => {
  const names = new Set<string>()

  const text = (original: string): string =>
    secrets.reduce((masked, { name, value }) => {
      if (!masked.includes(value)) return masked
      names.add(name)
      return masked.replaceAll(value, mask)
    }, original)

  const object = (original: JsonObject): JsonObject => {
    let changed = false
    const entries = Object.entries(original).map(([key, item]) => {
      const hidden = [text(key), value(item)] as const
      changed ||= hidden[0] !== key || hidden[1] !== item
      return hidden
    })
    return changed ? Object.fromEntries(entries) : original
  }

  const array = (original: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
    const items = original.map(value)
    return items.some((item, index) => item !== original[index]) ? items : original
  }

  const value = (original: unknown): unknown => {
    if (typeof original === "string") return text(original)
    if (Array.isArray(original)) return array(original)
    return Predicate.isObject(original) ? object(original) : original
  }

  return { names, object, text }
}

type Hider = ReturnType<typeof hider>

const fieldOf = (command: HubCommand): HiddenSecrets["field"] => {
  switch (command._tag) {
    case "SendReport":
      return command.report._tag === "Complete" ? "result" : "reason"
    case "SendProgress":
      return "execution_event"
    case "SendWakeResult":
      return "error"
    default:
      return "reason"
  }
}

const taskIdOf = (command: HubCommand): string | null =>
  "task" in command ? command.task.id : "task_id" in command ? command.task_id : null

const inReport = (report: Report, { object, text }: Hider): Report =>
  report._tag === "Complete"
    ? { ...report, result: object(report.result) }
    : { ...report, reason: text(report.reason) }

const inProgress = (progress: Progress, { object }: Hider): Progress => ({
  ...progress,
  execution_event: progress.execution_event && object(progress.execution_event)
})

const inCommand = (command: HubCommand, hide: Hider): HubCommand => {
  switch (command._tag) {
    case "SendReport":
      return { ...command, report: inReport(command.report, hide) }
    case "SendProgress":
      return { ...command, progress: inProgress(command.progress, hide) }
    case "SendWakeResult":
      return { ...command, reason: command.reason && hide.text(command.reason) }
    case "RejectTask":
    case "AnnounceRestart":
      return { ...command, reason: hide.text(command.reason) }
    default:
      return command // ids, and what the hub itself has said
  }
}

/**
 * Hides known secrets in what an agent or a program said, before it is written as a frame. The value of a variable is
 * hidden only where it looks like a key, as an ordinary word may stand in any answer.
 */
export const makeHideSecrets = (secrets: ReadonlyArray<Secret>): HideSecrets => {
  const hideable = secrets
    .filter(({ certain, value }) => value !== "" && (certain || looksLikeKey(value)))
    .toSorted((a, b) => b.value.length - a.value.length)
  return (command) => {
    const hide = hider(hideable)
    const safe = inCommand(command, hide)
    const names = [...hide.names]
    return names.length === 0
      ? { safe: command, hidden: null }
      : { safe, hidden: { task_id: taskIdOf(command), field: fieldOf(command), names } }
  }
}
