import type { Evidence } from "../../domain/Evidence.ts"
import type { WakeEnd } from "../../domain/Work.ts"
import type { Observation } from "../../services/ResultWatcher.ts"

/** What the agent of one task has left to be found. */
export type AgentRecord = { -readonly [Key in keyof Evidence]: Evidence[Key] }

export const unknownAgent = (): AgentRecord => ({
  process: "none",
  this_boot: true,
  started: false,
  last_sign_at: null,
  answer: null
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
