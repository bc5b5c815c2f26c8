import type { Command } from "../domain/Command.ts"
import { LocalFact, type Message } from "../domain/Message.ts"
import type { SidecarState } from "../domain/SidecarState.ts"
import type { Step } from "../services/Observer.ts"
import { subjectOf } from "./brief.ts"
import type { Action, LocalVerdict, Picture, ReplayEvent } from "./ReplayEvent.ts"

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

const localTags: ReadonlySet<string> = new Set(LocalFact.members.map(({ fields: { _tag } }) => _tag.schema.literal))

const isLocalFact = (message: Message): message is LocalFact => localTags.has(message._tag)

const pictureOf = (state: SidecarState): Picture => {
  const { messages, task } = state.stored
  return {
    connection: state.connection.phase,
    ownership: state.connection.ownership,
    task_id: task?.id ?? null,
    generation: task?.generation ?? null,
    status: task?.status ?? null,
    attempts: task?.wake_attempts ?? 0,
    agent_phase: state.slots.task.agent.phase._tag,
    batch: messages && { batch_id: messages.id, status: messages.status, attempts: messages.wake_attempts },
    disk: state.disk,
    draining: state.draining !== null
  }
}

const isSameBatch = (a: Picture["batch"], b: Picture["batch"]): boolean =>
  a?.batch_id === b?.batch_id && a?.status === b?.status && a?.attempts === b?.attempts

const isSamePicture = (a: Picture, b: Picture): boolean =>
  a.connection === b.connection && a.ownership === b.ownership && a.task_id === b.task_id &&
  a.generation === b.generation && a.status === b.status && a.attempts === b.attempts &&
  a.agent_phase === b.agent_phase && isSameBatch(a.batch, b.batch) && a.disk === b.disk && a.draining === b.draining

/** The event of a command that runs on this machine. Frames have their own events, and other commands have none. */
const commandEvent = (command: Command, t: number, verdict: LocalVerdict): ReplayEvent | null => {
  if (command._tag === "WakeAgent") {
    const { wake_id, work: { id, wake_attempts } } = command
    return { t, kind: "wake", task_id: id, wake_id, attempt: wake_attempts, verdict }
  }
  if (command._tag === "Log") return { t, kind: "log", log: command.event }
  const action = actions[command._tag]
  return action === undefined ? null : { t, kind: "action", action, task_id: subjectOf(command), verdict }
}

/** The events of a step: the local fact it was told, the change of the state, and the commands that run on this machine. */
export const stepEvents = (
  { after, before, commands, message }: Step,
  t: number,
  of: "recording" | "stand-in",
  verdictOf: (command: Command) => LocalVerdict = () => "same"
): ReadonlyArray<ReplayEvent> => {
  const events: Array<ReplayEvent> = isLocalFact(message) ? [{ t, kind: "fact", of, fact: message }] : []
  const [was, is] = [pictureOf(before), pictureOf(after)]
  if (!isSamePicture(was, is)) events.push({ t, kind: "state", before: was, after: is })
  for (const command of commands) {
    const event = commandEvent(command, t, verdictOf(command))
    if (event !== null) events.push(event)
  }
  return events
}
