import * as Predicate from "effect/Predicate"
import type { HubCommand } from "../domain/Command.ts"
import type { Outgoing, Target } from "../domain/messages/Outgoing.ts"
import type { JsonObject } from "../domain/Work.ts"
import { looksLikeKey, mask, type Secret } from "./secret.ts"

/** Where in a frame secrets were hidden, and their names. */
interface HiddenSecrets {
  readonly task_id: string | null
  readonly field: "result" | "reason" | "error" | "execution_event"
  readonly names: ReadonlyArray<string>
}

/** Hides the secrets in a command, and tells what was hidden; null if nothing was. */
export type HideSecrets = (command: HubCommand) => {
  readonly safe: HubCommand
  readonly hidden: HiddenSecrets | null
}

/** Hides secrets in the strings and keys of JSON values, and collects their names. Returns a value without secrets itself. */
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

const taskIdOf = (command: HubCommand): string | null =>
  "task" in command ? command.task.id : "task_id" in command ? command.task_id : null

/** The command with its text hidden, and the field that holds this text. */
const hideIn = (
  command: HubCommand,
  { object, text }: ReturnType<typeof hider>
): readonly [field: HiddenSecrets["field"], safe: HubCommand] => {
  switch (command._tag) {
    case "SendReport": {
      const { report } = command
      return report._tag === "Complete"
        ? ["result", { ...command, report: { ...report, result: object(report.result) } }]
        : ["reason", { ...command, report: { ...report, reason: text(report.reason) } }]
    }
    case "SendProgress": {
      const { progress } = command
      const execution_event = progress.execution_event && object(progress.execution_event)
      return ["execution_event", { ...command, progress: { ...progress, execution_event } }]
    }
    case "SendWakeResult":
      return ["error", { ...command, reason: command.reason && text(command.reason) }]
    case "RejectTask":
    case "AnnounceRestart":
      return ["reason", { ...command, reason: text(command.reason) }]
    default:
      return ["reason", command] // it holds only ids and what the hub itself sent
  }
}

/**
 * Those that are hidden in what is sent, longer ones first. The value of a variable is hidden only if it looks like a key, since
 * an ordinary word may occur in any answer.
 */
const hideableOf = (secrets: ReadonlyArray<Secret>): ReadonlyArray<Secret> =>
  secrets
    .filter(({ certain, value }) => value !== "" && (certain || looksLikeKey(value)))
    .toSorted((a, b) => b.value.length - a.value.length)

/** Hides known secrets in the text of an agent or a program before it is sent. */
export const makeHideSecrets = (secrets: ReadonlyArray<Secret>): HideSecrets => {
  const hideable = hideableOf(secrets)
  return (command) => {
    const hide = hider(hideable)
    const [field, safe] = hideIn(command, hide)
    const names = [...hide.names]
    return names.length === 0
      ? { safe: command, hidden: null }
      : { safe, hidden: { task_id: taskIdOf(command), field, names } }
  }
}

/** Hides the secrets in a message to others, and tells the names of those that were hidden. */
export type HideInMessage = (outgoing: Outgoing) => { readonly safe: Outgoing; readonly names: ReadonlyArray<string> }

const hideInTarget = (target: Target, text: (original: string) => string): Target => {
  switch (target._tag) {
    case "Agent":
      return { ...target, agent_id: text(target.agent_id) }
    case "Channel":
      return { ...target, channel: text(target.channel) }
    default:
      return target
  }
}

/** As `makeHideSecrets`, in a message to others. Throws a RangeError if its payload is nested too deeply. */
export const makeHideInMessage = (secrets: ReadonlyArray<Secret>): HideInMessage => {
  const hideable = hideableOf(secrets)
  return (outgoing) => {
    const { names, object, text } = hider(hideable)
    const { payload, reply_to, target, type } = outgoing
    const safe = {
      ...outgoing,
      target: hideInTarget(target, text),
      type: text(type),
      reply_to: reply_to && text(reply_to),
      payload: object(payload)
    }
    return { safe, names: [...names] }
  }
}
