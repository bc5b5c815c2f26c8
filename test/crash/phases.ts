/** What a life of the daemon is at, from its start to the end of a task. */
export const phases = ["start-up", "recovery", "acceptance", "wake", "working", "report", "clean-up"] as const
export type Phase = (typeof phases)[number]

/** The phase that a life is in by the events it has logged so far. */
export const phaseOf = (logged: ReadonlyArray<string>): Phase => {
  const has = (event: string) => logged.includes(event)
  if (!has("identified")) return "start-up"
  if (has("report_acknowledged")) return "clean-up"
  if (has("answer_found")) return "report"
  if (has("recovery_found") && !has("recovery_settled")) return "recovery"
  if (has("agent_started") || has("agent_found_at_work")) return "working"
  return has("task_received") ? "wake" : "acceptance"
}
