/** What a daemon works at: a task of the hub, or messages to the agent and from it. */
export const subjects = ["task", "talk"] as const
export type Subject = (typeof subjects)[number]

/** What a life of the daemon is at, from its start to the end of the work. */
const phases = {
  task: ["start-up", "recovery", "acceptance", "wake", "working", "report", "clean-up"],
  talk: ["start-up", "recovery", "intake", "wake", "working", "reply", "clean-up"]
} as const
export type Phase = (typeof phases)[Subject][number]

export const phasesOf = (subject: Subject): ReadonlyArray<Phase> => phases[subject]

/** The words of the two for the same parts of the work. */
const words = {
  task: { begin: "acceptance", begun: "task_received", end: "report", done: "report_acknowledged" },
  talk: { begin: "intake", begun: "wake_attempt", end: "reply", done: "message_sent" }
} as const

/** The phase that a life is in by the events it has logged so far. A message of the agent's own is in the intake until it is sent. */
export const phaseOf = (subject: Subject, logged: ReadonlyArray<string>): Phase => {
  const has = (event: string) => logged.includes(event)
  const { begin, begun, done, end } = words[subject]
  if (!has("identified")) return "start-up"
  if (has(done)) return "clean-up"
  if (has("answer_found")) return end
  if (has("recovery_found") && !has("recovery_settled")) return "recovery"
  if (has("agent_started") || has("agent_found_at_work")) return "working"
  return has(begun) ? "wake" : begin
}
