import type { Command } from "../domain/Command.ts"
import { LocalFact, type Message } from "../domain/Message.ts"
import type { Step } from "../services/Observer.ts"
import { isSamePicture, pictureOf } from "./picture.ts"
import type { Action, LocalVerdict, ReplayEvent } from "./ReplayEvent.ts"

const actions: Readonly<Partial<Record<Command["_tag"], Action>>> = {
  InspectAgent: "inspect",
  AdoptAgent: "adopt",
  StopAgent: "stop",
  LookUpTask: "look_up",
  Reconnect: "reconnect",
  ClearEvidence: "clear",
  SetAside: "set_aside",
  RemoveFiles: "remove",
  ExpireFiles: "expire"
}

const local: ReadonlySet<string> = new Set(LocalFact.members.map(({ fields: { _tag } }) => _tag.schema.literal))

const isLocalFact = (message: Message): message is LocalFact => local.has(message._tag)

/** The task or batch that a command is about. */
export const aboutOf = (command: Command): string | null => {
  if ("work_id" in command) return command.work_id
  if ("work" in command) return command.work.id
  if ("task" in command) return command.task.id
  return "task_id" in command ? command.task_id : null
}

/** What a command does on this machine, where a timeline shows that; the frames come from the connection. */
const doingOf = (command: Command, t: number, verdict: LocalVerdict): ReadonlyArray<ReplayEvent> => {
  if (command._tag === "WakeAgent") {
    const { wake_id, work: { id, wake_attempts } } = command
    return [{ t, kind: "wake", task_id: id, wake_id, attempt: wake_attempts, verdict }]
  }
  if (command._tag === "Log") return [{ t, kind: "log", log: command.event }]
  const action = actions[command._tag]
  return action === undefined ? [] : [{ t, kind: "action", action, task_id: aboutOf(command), verdict }]
}

/** What a step shows: the fact that it was told, the change of the state, and what it does. */
export const stepEvents = (
  { after, before, commands, message }: Step,
  t: number,
  of: "recording" | "stand-in",
  verdictOf: (command: Command) => LocalVerdict = () => "same"
): ReadonlyArray<ReplayEvent> => {
  const events: Array<ReplayEvent> = isLocalFact(message) ? [{ t, kind: "fact", of, fact: message }] : []
  const [was, is] = [pictureOf(before), pictureOf(after)]
  if (!isSamePicture(was, is)) events.push({ t, kind: "state", before: was, after: is })
  for (const command of commands) events.push(...doingOf(command, t, verdictOf(command)))
  return events
}
