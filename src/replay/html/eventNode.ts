import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { LocalFact } from "../../domain/Message.ts"
import type { TimerName } from "../../domain/SidecarState.ts"
import type { WakeEnd } from "../../domain/Work.ts"
import { limits } from "../limits.ts"
import { isDifference, type LocalVerdict, type ReplayEvent } from "../ReplayEvent.ts"
import { talkSaid } from "../talk.ts"
import { excerpt, jsonOf, plain } from "../words.ts"
import type { EventNode, Kind } from "./Drawing.ts"
import { frameNode } from "./frameNode.ts"

type EventOf<Name extends ReplayEvent["kind"]> = Extract<ReplayEvent, { readonly kind: Name }>

const agentFacts: ReadonlySet<LocalFact["_tag"]> = new Set([
  "AgentStarted",
  "ProgressFound",
  "ResultFound",
  "WakeExited",
  "WakeImpossible",
  "AgentStopped"
])

/** The kinds of the facts that are not about the agent. */
const factKinds: Readonly<Partial<Record<LocalFact["_tag"], Kind>>> = {
  Connected: "link",
  Disconnected: "link",
  Restarted: "link",
  DrainRequested: "link",
  ResultFound: "report",
  ProgressFound: "progress",
  TaskLookedUp: "recovery",
  SaveFailed: "other",
  SaveSucceeded: "other",
  TimerFired: "other"
}

const timerFaults: Readonly<Partial<Record<TimerName, string>>> = {
  answer: "the hub did not answer",
  task_confirmation: "the agent did not confirm in time",
  task_late_answer: "the agent ended without an answer",
  task_timeout: "the task ran for too long"
}

const endFault = ({ code, how }: WakeEnd): string | null => {
  if (how === "exited") return code === 0 ? null : `the wake command exited with ${code}`
  return how === "unseen" ? null : `the wake command was ${how}`
}

const factFault = (fact: LocalFact): string | null => {
  switch (fact._tag) {
    case "Disconnected":
      return fact.half_open ? "the connection was dead" : "the connection was lost"
    case "WakeExited":
      return endFault(fact.end)
    case "WakeImpossible":
      return `the agent could not be woken: ${fact.reason}`
    case "ResultFound":
      return fact.answer._tag === "Unusable" ? `the answer is unusable: ${fact.answer.reason}` : null
    case "SaveFailed":
      return `the state could not be saved: ${fact.reason}`
    case "TimerFired":
      return timerFaults[fact.timer] ?? null
    default:
      return null
  }
}

const factLabel = (fact: LocalFact): string => {
  switch (fact._tag) {
    case "TimerFired":
      return `${plain(fact.timer)} timer`
    case "ResultFound":
      return fact.answer._tag === "Success" ? "answer" : `answer: ${plain(fact.answer._tag)}`
    case "ProgressFound":
      return fact.progress.progress === null ? "progress" : `progress ${fact.progress.progress}`
    case "WakeExited":
      return fact.end.code === null ? `wake ${fact.end.how}` : `wake exited ${fact.end.code}`
    default:
      return plain(fact._tag)
  }
}

const factText = ({ _tag, ...fields }: LocalFact): string => Object.keys(fields).length === 0 ? "" : jsonOf(fields)

const factNode = ({ fact, of }: EventOf<"fact">): EventNode | null => {
  const note = of === "stand-in" ? "The recording does not say so; it is assumed." : null
  const text = factText(fact)
  const said = talkSaid(fact)
  if (said === null) return null
  if (said !== undefined) {
    return {
      lane: said.way,
      kind: "talk",
      label: excerpt(said.words, limits.label_chars),
      text,
      fault: said.fault,
      note
    }
  }
  return {
    lane: agentFacts.has(fact._tag) ? "from_agent" : "sidecar",
    kind: factKinds[fact._tag] ?? "agent",
    label: factLabel(fact),
    text,
    fault: factFault(fact),
    note
  }
}

const lifeNode = (event: EventOf<"life">): EventNode => {
  if (event.phase === "begins") {
    const fault = event.life > 1 ? "the daemon was restarted" : null
    return { lane: "sidecar", kind: "link", label: "daemon starts", text: "", fault }
  }
  const how = event.exit_code === null ? "killed, or the end of the recording" : `exit code ${event.exit_code}`
  return {
    lane: "sidecar",
    kind: "link",
    label: "daemon ends",
    text: event.failed ?? how,
    fault: event.failed,
    differs: isDifference(event) ? "extra" : null
  }
}

const localDifference = (verdict: LocalVerdict): Pick<EventNode, "differs" | "note"> =>
  verdict === "ours" ? { differs: "extra", note: "Only this version does it; the recorded sidecar did not." } : {}

const wakeNode = ({ attempt, task_id, verdict, wake_id }: EventOf<"wake">): EventNode => ({
  lane: "to_agent",
  kind: "agent",
  label: attempt > 1 ? `wake, attempt ${attempt}` : "wake",
  text: jsonOf({ task_id, wake_id, attempt }),
  fault: attempt > 1 ? `a retry: attempt ${attempt}` : null,
  ...localDifference(verdict)
})

const actionNode = ({ action, task_id, verdict }: EventOf<"action">): EventNode => ({
  lane: action === "stop" ? "to_agent" : "sidecar",
  kind: action === "reconnect" ? "link" : action === "look_up" ? "recovery" : "agent",
  label: plain(action),
  text: task_id === null ? "" : jsonOf({ task_id }),
  ...localDifference(verdict)
})

const decisionNode = ({ commands, verdict }: EventOf<"decision">): EventNode => ({
  lane: "sidecar",
  kind: "other",
  label: "decision",
  text: commands.join("\n"),
  differs: verdict === "ours" ? "extra" : "missing",
  note: verdict === "ours" ? "Only this version decided so." : "Only the recorded sidecar decided so."
})

/** Faults in the log that no frame and no fact shows. */
const logFaults: Readonly<Partial<Record<LifecycleEvent["event"], string>>> = {
  identify_refused: "the hub refused to identify us",
  heartbeat_timeout: "the hub did not answer a ping",
  frame_undecodable: "a frame could not be read",
  report_refused: "the report was refused",
  agent_unstoppable: "the agent could not be stopped",
  state_set_aside: "the state could not be read",
  file_trouble: "a file made trouble",
  fiber_died: "a part of the daemon died"
}

const logNode = ({ log }: EventOf<"log">): EventNode | null => {
  const fault = logFaults[log.event]
  return fault === undefined
    ? null
    : { lane: "sidecar", kind: "refusal", label: plain(log.event), text: jsonOf(log), fault }
}

/** How an event is drawn; null if it has no arrow of its own. */
export const eventNode = (event: ReplayEvent): EventNode | null => {
  switch (event.kind) {
    case "frame":
      return frameNode(event)
    case "fact":
      return factNode(event)
    case "life":
      return lifeNode(event)
    case "wake":
      return wakeNode(event)
    case "action":
      return actionNode(event)
    case "decision":
      return decisionNode(event)
    case "log":
      return logNode(event)
    case "note":
      return { lane: "sidecar", kind: "other", label: "note", text: event.text }
    case "file":
    case "state":
    case "end":
      return null
  }
}
