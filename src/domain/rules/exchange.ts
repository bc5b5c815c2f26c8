import { limits } from "../../limits.ts"
import type { HubCommand, Report } from "../Command.ts"
import { frameTypeOf } from "../frameTypes.ts"
import type { Exchange, ExchangeKind, SidecarState } from "../SidecarState.ts"
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

/** Rules 3 and 5: asks for an exchange, once; a frame type the hub refused on this connection is not sent to it again. */
export const enqueue = (kind: ExchangeKind, task_id: string): Rule =>
  given(({ connection: { pending, refused_types } }) => {
    const waits = pending.some((exchange) => exchange.kind === kind && exchange.task_id === task_id)
    const refused = frameTypeOf[kind].every((type) => refused_types.includes(type))
    if (waits || refused || pending.length >= limits.pending_exchanges) return stay
    return connectionIs({ pending: [...pending, { kind, task_id }] })
  })

/** Whether a frame that nobody waits for may go out now: the hub knows us, the task is ours, nothing is in flight. */
export const mayTell = (state: SidecarState): boolean =>
  state.connection.phase === "identified" && state.connection.standing === "ours" &&
  state.connection.in_flight === null

const reportOf = (state: SidecarState, task: Task): Report | null => {
  if (task.status !== "reporting") return null
  if (task.failure !== null) return { _tag: "Failed", reason: task.failure.reason }
  if (state.agent.answer?._tag !== "Success") return null
  return { _tag: "Complete", result: state.agent.answer.result, tokens_used: state.agent.answer.tokens_used }
}

const inFlight = (exchange: Exchange, generation: number): Rule => (state, now) =>
  all(
    connectionIs({ in_flight: { ...exchange, generation, sent_at: now, limited: false } }),
    startTimer("answer", limits.answer_timeout_ms)
  )(state, now)

/** Rule 5: a failure is marked as sent, and its files are set aside, before it is sent. */
const markFailureSent: Rule = given((state) => {
  const task = heldTask(state)
  if (task === null || task.failure === null || task.failure.sent_generation !== null) return stay
  return all(
    taskIs({ failure: { ...task.failure, sent_generation: task.generation } }),
    emit({ _tag: "SetAside", task_id: task.task_id, folder: "sent" })
  )
})

const sendReport = (task: Task, report: Report): Rule =>
  all(
    markFailureSent,
    inFlight({ kind: "report", task_id: task.task_id }, task.generation),
    emit({ _tag: "SendReport", task, report }),
    log({
      event: "report_sent",
      task_id: task.task_id,
      generation: task.generation,
      outcome: report._tag === "Complete" ? "complete" : "failed"
    })
  )

const frameOf = (exchange: Exchange, task: Task | null): HubCommand | null => {
  if (exchange.kind === "reject") return { _tag: "RejectTask", task_id: exchange.task_id, reason: "busy" }
  if (task === null || task.task_id !== exchange.task_id) return null
  switch (exchange.kind) {
    case "accept":
      return { _tag: "AcceptTask", task }
    case "recovery":
      return { _tag: "AskRecovery", task }
    case "state":
      return { _tag: "ReportState", task }
    case "report":
      return null
  }
}

/** Sends one exchange, or drops it where its task is not held any more. */
export const sendExchange = (exchange: Exchange): Rule =>
  given((state) => {
    const task = heldTask(state)
    const report = exchange.kind === "report" && task !== null && task.task_id === exchange.task_id
      ? reportOf(state, task)
      : null
    if (task !== null && report !== null) return sendReport(task, report)
    const frame = frameOf(exchange, task)
    return frame === null ? flush : all(inFlight(exchange, task?.generation ?? 0), emit(frame))
  })

/** Rule 8: relays the agent's progress, at most once in `progress_interval_ms`. */
export const relayProgress: Rule = given((state, now) => {
  const { progress, progress_sent_at } = state.agent
  const task = heldTask(state)
  if (progress === null || task === null || task.status === "reporting" || !mayTell(state)) return stay
  const wait = progress_sent_at === null ? 0 : progress_sent_at + limits.progress_interval_ms - now
  if (wait > 0) return startTimer("progress", Math.min(wait, limits.progress_interval_ms))
  return all(
    agentIs({ progress: null, progress_sent_at: now }),
    emit({ _tag: "SendProgress", task, progress }),
    log({ event: "task_progress", task_id: task.task_id, progress: progress.progress })
  )
})

/** Rule 8: a sign of life that renews the lease. */
export const renewLease: Rule = given((state) =>
  withTask((task) =>
    mayTell(state)
      ? emit({ _tag: "SendProgress", task, progress: { progress: null, execution_event: null } })
      : stay
  )
)

/** How an attempt to wake came out, for hubs that know the frame; news that nobody is owed, so it never waits. */
export const tellWakeResult = (status: "success" | "failed" | "timeout", reason: string | null): Rule =>
  given((state) =>
    withTask((task) =>
      mayTell(state) && !state.connection.refused_types.includes("wake_result")
        ? emit({ _tag: "SendWakeResult", task, status, reason })
        : stay
    )
  )

/** Rule 5: the next frame goes out when the last one is answered: first what was asked for, then the report, then progress. */
export const flush: Rule = given((state) => {
  const { in_flight, pending, phase, standing } = state.connection
  if (phase !== "identified" || in_flight !== null) return stay
  const [next, ...rest] = pending
  if (next !== undefined) return all(connectionIs({ pending: rest }), sendExchange(next))
  const task = heldTask(state)
  const report = task === null || standing !== "ours" ? null : reportOf(state, task)
  return task === null || report === null ? relayProgress : sendReport(task, report)
})

/** The frame in flight has been answered. */
export const settleInFlight: Rule = all(connectionIs({ in_flight: null }), cancelTimers("answer", "resend"))
