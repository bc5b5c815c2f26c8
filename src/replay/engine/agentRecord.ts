import type { Answer, Evidence } from "../../domain/Evidence.ts"
import type { WakeEnd } from "../../domain/Task.ts"
import type { Observation } from "../../services/ResultWatcher.ts"
import type { LocalFact } from "../LocalFact.ts"

/** What is known of the agent of one task: by the facts of the recording, or by what stands in for it. */
export interface AgentRecord {
  wake_id: string | null
  process: Evidence["process"]
  this_boot: boolean
  started: boolean
  last_sign_at: number | null // epoch milliseconds
  answer: Answer | "half-written" | null
}

export const unknownAgent = (): AgentRecord => ({
  wake_id: null,
  process: "none",
  this_boot: true,
  started: false,
  last_sign_at: null,
  answer: null
})

export const evidenceOf = ({ answer, last_sign_at, process, started, this_boot }: AgentRecord): Evidence => ({
  process,
  this_boot,
  started,
  last_sign_at,
  answer
})

export const exited = (code: number): WakeEnd => ({ how: "exited", code, output: "" })
export const killed: WakeEnd = { how: "killed", code: null, output: "" }
export const unseen: WakeEnd = { how: "unseen", code: null, output: "" }

/** What the agent wrote, noted as evidence. */
export const wrote = (record: AgentRecord, seen: Observation, now: number): void => {
  if (seen._tag === "Answer") record.answer = seen.answer
  else {
    record.last_sign_at = now
    if (seen._tag === "Started") record.started = true
  }
}

/** What a fact of the recording says of the agent, noted as evidence. */
export const learnt = (record: AgentRecord, fact: LocalFact): void => {
  switch (fact._tag) {
    case "WakeSpawned":
      record.wake_id = fact.wake_id
      record.process = "alive"
      return
    case "WakeExited":
    case "AgentStopped":
      if (record.process === "alive") record.process = "gone"
      return
    case "AgentInspected":
      Object.assign(record, fact.evidence)
      return
    default:
      return
  }
}

/** A fact that tells what the agent wrote, as the watcher tells it. */
export const observationOf = (fact: LocalFact): Observation | null => {
  switch (fact._tag) {
    case "AgentStarted":
      return { _tag: "Started" }
    case "ProgressFound":
      return { _tag: "Progress", progress: fact.progress }
    case "ResultFound":
      return { _tag: "Answer", answer: fact.answer }
    default:
      return null
  }
}
