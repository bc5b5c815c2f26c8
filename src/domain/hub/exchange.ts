import { checkIn } from "../agent/evidence.ts"
import type { HubCommand, Report } from "../Command.ts"
import type { Progress } from "../Evidence.ts"
import { domainLimits } from "../limits.ts"
import {
  cancelTimers,
  emit,
  log,
  noop,
  ofTaskAgent,
  patchConnection,
  patchOutbound,
  patchTask,
  type Rule,
  sequence,
  startTimer,
  withState,
  withTask
} from "../rules.ts"
import type { Exchange, InFlight, SidecarState } from "../SidecarState.ts"
import type { Task } from "../Work.ts"

/** Rules 3 and 5: queues a frame once. Only rejections are limited in number: the hub does not need them. */
export const enqueue = (kind: Exchange["kind"], task_id: string): Rule =>
  withState(({ connection: { pending } }) => {
    const isQueued = pending.some((exchange) => exchange.kind === kind && exchange.task_id === task_id)
    const isFull = kind === "reject" && pending.length >= domainLimits.pending_exchanges
    return isQueued || isFull ? noop : patchConnection({ pending: [...pending, { kind, task_id }] })
  })

/** Whether news may go out now: the hub takes the frame, the task is ours, and nothing is in flight. */
const mayTell = ({ connection }: SidecarState, kind: "progress" | "wake_result"): boolean =>
  connection.phase === "identified" && connection.ownership === "ours" && connection.in_flight === null &&
  !connection.refused_frames.includes(kind)

const reportOf = ({ disk, outbound: { answer } }: SidecarState, { failure }: Task): Report | null => {
  if (failure !== null) return disk === "ok" ? { _tag: "Failed", reason: failure.reason } : null
  return answer === null ? null : { _tag: "Complete", result: answer.result, tokens_used: answer.tokens_used }
}

/** The frame is on its way, and the hub owes its answer. */
export const inFlight = (exchange: Pick<InFlight, "kind" | "task_id" | "generation">): Rule =>
  withState((_, now) =>
    sequence(
      patchConnection({ in_flight: { ...exchange, sent_at: now, limited: false } }),
      startTimer("answer", domainLimits.answer_timeout_ms)
    )
  )

/** Rule 5: a failure is marked as sent, and its files are set aside, before it is sent. */
const markFailureSent: Rule = withTask(({ failure, generation, id }) =>
  failure === null || failure.sent_generation !== null ? noop : sequence(
    patchTask({ failure: { ...failure, sent_generation: generation } }),
    emit({ _tag: "SetAside", work_id: id, folder: "sent" })
  )
)

const sendReport = (task: Task, report: Report): Rule =>
  sequence(
    markFailureSent,
    inFlight({ kind: "report", task_id: task.id, generation: task.generation }),
    emit({ _tag: "SendReport", task, report }),
    log({
      event: "report_sent",
      task_id: task.id,
      generation: task.generation,
      ...report._tag === "Complete" ? { outcome: "complete" } : { outcome: "failed", reason: report.reason }
    })
  )

/** The frame for an exchange; null if it is not needed any more, or the hub refused its type on this connection. */
const frameOf = ({ kind, task_id }: Exchange, state: SidecarState): HubCommand | null => {
  const { connection: { ownership, refused_frames }, stored: { task } } = state
  const isHeld = task?.id === task_id
  if (kind === "reject") {
    return isHeld || refused_frames.includes("reject") ? null : { _tag: "RejectTask", task_id, reason: "busy" }
  }
  if (!isHeld) return null
  if (kind === "accept") return refused_frames.includes("accept") ? null : { _tag: "AcceptTask", task }
  if (ownership !== "unknown") return null
  return { _tag: kind === "recovery" ? "AskRecovery" : "ReportState", task }
}

const sendNext = (next: Exchange): Rule =>
  withState((state) => {
    const frame = frameOf(next, state)
    return frame === null ? flush : sequence(inFlight({ ...next, generation: null }), emit(frame))
  })

/** Rule 8: relays the agent's progress, at most once in `progress_interval_ms`. */
export const relayProgress: Rule = withState((state) =>
  withTask((task) => {
    const { outbound: { progress }, timers } = state
    if (progress === null || timers.progress !== undefined || !mayTell(state, "progress")) return noop
    return sequence(
      patchOutbound({ progress: null }),
      startTimer("progress", domainLimits.progress_interval_ms),
      emit({ _tag: "SendProgress", task, progress }),
      log({ event: "task_progress", task_id: task.id, progress: progress.progress })
    )
  })
)

/** Rule 8: a sign of life renews the lease. If a frame is in flight, the agent is inspected again after its answer is due. */
export const renewLease: Rule = withState((state) =>
  withTask((task) => {
    if (mayTell(state, "progress")) {
      return emit({ _tag: "SendProgress", task, progress: { progress: null, execution_event: null } })
    }
    return state.connection.in_flight === null ? noop : ofTaskAgent(checkIn(domainLimits.answer_timeout_ms))
  })
)

/** Rule 8: a new `.progress` is relayed. */
export const progressFound = (task_id: string, progress: Progress): Rule =>
  withTask(({ id }) => id === task_id ? sequence(patchOutbound({ progress }), relayProgress) : noop)

/** Tells how a wake attempt ended, if the hub knows the frame. It never waits for its turn. */
export const tellWakeResult = (status: "success" | "failed" | "timeout", reason: string | null): Rule =>
  withState((state) =>
    withTask((task) => mayTell(state, "wake_result") ? emit({ _tag: "SendWakeResult", task, status, reason }) : noop)
  )

const sendWhatIsOwed: Rule = withState((state) =>
  withTask((task) => {
    const report = state.connection.ownership === "ours" ? reportOf(state, task) : null
    return report === null ? relayProgress : sendReport(task, report)
  })
)

/** A report that is owed does not wait for rejections, because a hub may take those without an answer. */
const owesReport = (state: SidecarState): boolean => {
  const task = state.stored.task
  return task !== null && state.connection.ownership === "ours" && reportOf(state, task) !== null
}

/** Rule 5: sends the next frame if none is in flight: first the queue, then the report, then progress. */
export const flush: Rule = withState((state) => {
  const { in_flight, pending, phase } = state.connection
  if (phase !== "identified" || in_flight !== null) return noop
  const next = owesReport(state) ? pending.find(({ kind }) => kind !== "reject") : pending[0]
  if (next === undefined) return sendWhatIsOwed
  return sequence(patchConnection({ pending: pending.filter((exchange) => exchange !== next) }), sendNext(next))
})

/** The frame in flight has been answered. */
export const clearInFlight: Rule = sequence(patchConnection({ in_flight: null }), cancelTimers("answer", "resend"))
