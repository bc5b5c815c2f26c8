import { limits } from "../../limits.ts"
import type { HubCommand, Report } from "../Command.ts"
import { remaining } from "../remaining.ts"
import type { Exchange, InFlight, SidecarState } from "../SidecarState.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import {
  agentIs,
  all,
  cancelTimers,
  connectionIs,
  emit,
  given,
  log,
  startTimer,
  stay,
  taskIs,
  withTask
} from "../step.ts"
import type { Task } from "../Task.ts"

/** Rules 3 and 5: asks for an exchange, once. What is owed always finds room; of what is only polite there is a limit. */
export const enqueue = (kind: Exchange["kind"], task_id: string): Rule =>
  given(({ connection: { pending } }) => {
    const waits = pending.some((exchange) => exchange.kind === kind && exchange.task_id === task_id)
    const full = kind === "reject" && pending.length >= limits.pending_exchanges
    return waits || full ? stay : connectionIs({ pending: [...pending, { kind, task_id }] })
  })

/** Whether a frame that nobody waits for may go out now: the hub takes it, the task is ours, nothing is in flight. */
const mayTell = ({ connection }: SidecarState, type: "task_progress" | "wake_result"): boolean =>
  connection.phase === "identified" && connection.standing === "ours" && connection.in_flight === null &&
  !connection.refused_types.includes(type)

const reportOf = ({ agent: { answer }, disk }: SidecarState, { failure }: Task): Report | null => {
  if (failure !== null) return disk === "ok" ? { _tag: "Failed", reason: failure.reason } : null
  return answer === null ? null : { _tag: "Complete", result: answer.result, tokens_used: answer.tokens_used }
}

const inFlight = (exchange: Pick<InFlight, "kind" | "task_id" | "generation">): Rule =>
  given((_, now) =>
    all(
      connectionIs({ in_flight: { ...exchange, sent_at: now, limited: false } }),
      startTimer("answer", limits.answer_timeout_ms)
    )
  )

/** Rule 5: a failure is marked as sent, and its files are set aside, before it is sent. */
const markFailureSent: Rule = withTask(({ failure, generation, task_id }) =>
  failure === null || failure.sent_generation !== null ? stay : all(
    taskIs({ failure: { ...failure, sent_generation: generation } }),
    emit({ _tag: "SetAside", task_id, folder: "sent" })
  )
)

const sendReport = (task: Task, report: Report): Rule =>
  all(
    markFailureSent,
    inFlight({ kind: "report", task_id: task.task_id, generation: task.generation }),
    emit({ _tag: "SendReport", task, report }),
    log({
      event: "report_sent",
      task_id: task.task_id,
      generation: task.generation,
      ...report._tag === "Complete" ? { outcome: "complete" } : { outcome: "failed", reason: report.reason }
    })
  )

/** The frame as it is right now; null where it has no point any more, or the hub refused its type on this connection. */
const frameOf = ({ kind, task_id }: Exchange, state: SidecarState): HubCommand | null => {
  const { refused_types, standing } = state.connection
  const task = heldTask(state)
  const held = task !== null && task.task_id === task_id
  if (kind === "reject") {
    return held || refused_types.includes("task_rejected") ? null : { _tag: "RejectTask", task_id, reason: "busy" }
  }
  if (!held) return null
  if (kind === "accept") return refused_types.includes("task_accepted") ? null : { _tag: "AcceptTask", task }
  if (standing !== "unknown") return null
  return { _tag: kind === "recovery" ? "AskRecovery" : "ReportState", task }
}

const sendNext = (next: Exchange): Rule =>
  given((state) => {
    const frame = frameOf(next, state)
    return frame === null ? flush : all(inFlight({ ...next, generation: null }), emit(frame))
  })

/** Rule 8: relays the agent's progress, at most once in `progress_interval_ms`. */
export const relayProgress: Rule = given((state, now) =>
  withTask((task) => {
    const { progress, progress_sent_at } = state.agent
    if (progress === null || !mayTell(state, "task_progress")) return stay
    const sent_at = progress_sent_at === null ? null : Math.min(progress_sent_at, now) // the clock may have been set back
    const wait = sent_at === null ? 0 : remaining(sent_at, limits.progress_interval_ms, now)
    if (wait > 0) return all(agentIs({ progress_sent_at: sent_at }), startTimer("progress", wait))
    return all(
      agentIs({ progress: null, progress_sent_at: now }),
      emit({ _tag: "SendProgress", task, progress }),
      log({ event: "task_progress", task_id: task.task_id, progress: progress.progress })
    )
  })
)

/** The timer was started for what was left of the interval, so that is over now, whatever a clock that was set says. */
export const progressDue: Rule = all(agentIs({ progress_sent_at: null }), relayProgress)

/** Rule 8: a sign of life that renews the lease; one that comes upon a frame in flight is due again when that is over. */
export const renewLease: Rule = given((state) =>
  withTask((task) => {
    if (mayTell(state, "task_progress")) {
      return emit({ _tag: "SendProgress", task, progress: { progress: null, execution_event: null } })
    }
    return state.connection.in_flight === null ? stay : startTimer("lease", limits.answer_timeout_ms)
  })
)

/** How an attempt to wake came out, for hubs that know the frame; news that nobody is owed, so it never waits. */
export const tellWakeResult = (status: "success" | "failed" | "timeout", reason: string | null): Rule =>
  given((state) =>
    withTask((task) => mayTell(state, "wake_result") ? emit({ _tag: "SendWakeResult", task, status, reason }) : stay)
  )

const sendWhatIsOwed: Rule = given((state) =>
  withTask((task) => {
    const report = state.connection.standing === "ours" ? reportOf(state, task) : null
    return report === null ? relayProgress : sendReport(task, report)
  })
)

/** Whether a report is owed: it waits for no rejection, as a hub may take those without a word. */
const owesReport = (state: SidecarState): boolean => {
  const task = heldTask(state)
  return task !== null && state.connection.standing === "ours" && reportOf(state, task) !== null
}

/** Rule 5: the next frame goes out when the last one is answered: first what was asked for, then the report, then progress. */
export const flush: Rule = given((state) => {
  const { in_flight, pending, phase } = state.connection
  if (phase !== "identified" || in_flight !== null) return stay
  const next = owesReport(state) ? pending.find(({ kind }) => kind !== "reject") : pending[0]
  if (next === undefined) return sendWhatIsOwed
  return all(connectionIs({ pending: pending.filter((exchange) => exchange !== next) }), sendNext(next))
})

/** The frame in flight has been answered. */
export const settleInFlight: Rule = all(connectionIs({ in_flight: null }), cancelTimers("answer", "resend"))
