import type { AgentPhase, Slot } from "../domain/agent/AgentSlot.ts"
import type { Command } from "../domain/Command.ts"
import type { Fate, Judged } from "../domain/messages/Fate.ts"
import type { Reading, Talk } from "../domain/messages/Talk.ts"
import type { Connection, SidecarState } from "../domain/SidecarState.ts"
import type { Work } from "../domain/Work.ts"

/** The id of the task or batch that a command is about. */
export const subjectOf = (command: Command): string | null => {
  if ("work_id" in command) return command.work_id
  if ("work" in command) return command.work.id
  if ("task" in command) return command.task.id
  if ("batch" in command) return command.batch.id
  return "task_id" in command ? command.task_id : null
}

const readingWords = (reading: Reading): string =>
  reading._tag === "History" ? `${reading._tag} of ${reading.why}` : reading._tag

const fateWord = (fate: Fate): string => fate._tag === "Deliver" && fate.urgent ? "urgent Deliver" : fate._tag

/** How many messages have which fate. A pushed one whose fate as a broadcast is another has two. */
const fatesIn = (judged: ReadonlyArray<Judged>): string => {
  const words = judged.map(({ fates }) => [...new Set([fates.direct, fates.broadcast].map(fateWord))].join(" or "))
  return [...Map.groupBy(words, (word) => word)].map(([word, { length }]) => `${length} ${word}`).join(" and ")
}

/** What we are at, without since when. */
const presenceWords = (text: string): string => text.replace(/ since .*/, "")

const detailOf = (command: Command): string | number | boolean | null => {
  switch (command._tag) {
    case "Identify":
      return presenceWords(command.status)
    case "ShowPresence":
      return presenceWords(command.text)
    case "Subscribe":
    case "Unsubscribe":
      return command.channel
    case "SendWakeResult":
      return command.status
    case "SendReport":
      return command.report._tag
    case "SendProgress":
      return command.progress.progress
    case "WakeAgent":
      return command.work.wake_attempts
    case "WatchResults":
      return command.wake_id === null ? "whoever woke it" : null
    case "RetryWake":
      return command.failed_attempts
    case "StopAgent":
      return command.linger_ms
    case "SetAside":
      return command.folder
    case "RemoveFiles":
      return command.keep_answer ? "but the answer" : null
    case "StartTimer":
    case "CancelTimer":
      return command.timer
    case "Log":
      return command.event.event
    case "Exit":
      return command.code
    case "RecordMessages":
      return fatesIn(command.judged)
    case "NoteKnown":
      return command.missed_until === null ? null : "and what was missed"
    case "ReadHub":
      return readingWords(command.reading)
    case "AcknowledgeMailbox":
      return command.up_to
    case "BeginDelivery":
      return command.batch.payload.message_ids.length
    case "EndDelivery":
      return command.end._tag
    default:
      return null
  }
}

/**
 * A command in a few words, for a recording. They contain no times and no texts of the agent or the hub, so that the same
 * decision always has the same words.
 */
export const briefOf = (command: Command): string =>
  [command._tag, subjectOf(command), detailOf(command)].filter((part) => part !== null).join(" ")

type Words = ReadonlyArray<string | false>

const workWords = (work: Work | null): Words => {
  if (work === null) return []
  const { failure, generation, id, status, wake, wake_attempts, woken_at } = work
  return [
    `${id} g${generation} ${status} attempt ${wake_attempts}`,
    woken_at !== null && "woken",
    wake !== null && (wake.end === null ? "wake" : `wake ${wake.end.how}`),
    failure !== null && (failure.sent_generation === null ? "failure" : `failure sent g${failure.sent_generation}`)
  ]
}

const connectionWords = (connection: Connection): Words => {
  const { accept_refused, half_open, in_flight, ownership, pending, phase, recovery_answer, refused_frames } =
    connection
  return [
    phase,
    ownership,
    in_flight !== null && `${in_flight.limited ? "limited" : "sent"} ${in_flight.kind} ${in_flight.task_id}`,
    ...pending.map(({ kind, task_id }) => `pending ${kind} ${task_id}`),
    ...refused_frames.map((kind) => `refused ${kind}`),
    recovery_answer !== null && `answer ${recovery_answer}`,
    accept_refused && "accept refused",
    half_open && "half-open"
  ]
}

const phaseWord = (phase: AgentPhase): string => {
  if (!("because" in phase)) return phase._tag
  const { because } = phase
  return `${phase._tag} ${typeof because === "string" ? because : because._tag}`
}

const slotWords = ({ agent, stopping, terminating }: Slot): Words => [
  agent.phase._tag !== "Idle" && phaseWord(agent.phase),
  agent.gone_wake !== null && "gone",
  ...terminating.map(({ files, work_id }) => `terminating ${work_id} ${files}`),
  ...stopping.map((work_id) => `stopping ${work_id}`)
]

const counted = (word: string, count: number): string | false => count > 0 && `${word} ${count}`

const talkWords = (talk: Talk): Words => {
  const { held, page, reading, to_read } = talk
  return [
    counted("waiting", held.waiting),
    held.urgent_at !== null && "urgent",
    held.pushed !== null && "pushed",
    held.missed_from !== null && "missed",
    counted("outgoing", held.outgoing),
    talk.behind && "behind",
    reading !== null && `reading ${readingWords(reading)}`,
    page !== null && page.step,
    counted("to read", to_read.length),
    talk.asked !== null && `asked ${talk.asked._tag}`,
    counted("to ask", talk.to_ask.length),
    talk.self_test !== "none" && `self test ${talk.self_test}`,
    talk.choosing && "choosing",
    talk.held_until !== null && "held back",
    talk.sending && "sending",
    counted("unsent", talk.send_failures)
  ]
}

/** The state in a few words, for a recording. Like those of `briefOf` they contain no times and no texts of others. */
export const briefOfState = (
  { connection, disk, draining, outbound, slots, stored: { messages, recovering, task }, talk }: SidecarState
): string => {
  const words: Words = [
    ...connectionWords(connection),
    recovering && "recovering",
    ...workWords(task),
    ...slotWords(slots.task),
    outbound.answer !== null && "answered",
    outbound.progress !== null && "progress",
    ...workWords(messages),
    ...slotWords(slots.messages),
    ...talkWords(talk),
    draining !== null && `draining ${draining}`,
    disk !== "ok" && `disk ${disk}`
  ]
  return words.filter((word) => word !== false).join(", ")
}
