import type { LocalFact } from "../../domain/Message.ts"
import type { TimerName } from "../../domain/SidecarState.ts"
import type { WakeEnd } from "../../domain/Work.ts"
import type { Kind, Lane, Sketch } from "./Drawing.ts"
import { fieldsOf, plain } from "./words.ts"

const byAgent: ReadonlySet<LocalFact["_tag"]> = new Set([
  "AgentStarted",
  "ProgressFound",
  "ResultFound",
  "WakeExited",
  "WakeImpossible",
  "AgentStopped"
])

const laneOf = ({ _tag }: LocalFact): Lane => byAgent.has(_tag) ? "from_agent" : "sidecar"

const kindOf = ({ _tag }: LocalFact): Kind => {
  switch (_tag) {
    case "Connected":
    case "Disconnected":
    case "Restarted":
    case "DrainRequested":
      return "link"
    case "ResultFound":
      return "report"
    case "ProgressFound":
      return "progress"
    case "TaskLookedUp":
      return "recovery"
    case "SaveFailed":
    case "SaveSucceeded":
    case "TimerFired":
      return "other"
    default:
      return "agent"
  }
}

const lateness: Readonly<Partial<Record<TimerName, string>>> = {
  answer: "the hub did not answer",
  task_confirmation: "the agent did not confirm in time",
  task_late_answer: "the agent ended without an answer",
  task_timeout: "the task ran for too long"
}

const endOf = ({ code, how }: WakeEnd): string | null => {
  if (how === "exited") return code === 0 ? null : `the wake command exited with ${code}`
  return how === "unseen" ? null : `the wake command was ${how}`
}

const faultOf = (fact: LocalFact): string | null => {
  switch (fact._tag) {
    case "Disconnected":
      return fact.half_open ? "the connection was dead" : "the connection was lost"
    case "WakeExited":
      return endOf(fact.end)
    case "WakeImpossible":
      return `the agent could not be woken: ${fact.reason}`
    case "ResultFound":
      return fact.answer._tag === "Unusable" ? `the answer is unusable: ${fact.answer.reason}` : null
    case "SaveFailed":
      return `the state could not be saved: ${fact.reason}`
    case "TimerFired":
      return lateness[fact.timer] ?? null
    default:
      return null
  }
}

const labelOf = (fact: LocalFact): string => {
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

export const sketchFact = (fact: LocalFact): Sketch & { readonly fault: string | null } => ({
  lane: laneOf(fact),
  kind: kindOf(fact),
  label: labelOf(fact),
  text: fieldsOf(fact),
  fault: faultOf(fact)
})
