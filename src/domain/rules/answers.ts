import { limits } from "../../limits.ts"
import { frameTypeOf } from "../frameTypes.ts"
import type { InFlight } from "../SidecarState.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { all, cancelTimers, connectionIs, emit, given, log, startTimer, stay, taskIs } from "../step.ts"
import type { Task } from "../Task.ts"
import { questionRefused } from "./asking.ts"
import { flush, sendExchange, settleInFlight } from "./exchange.ts"
import { clearSlot } from "./slot.ts"

/** Rule 5: an acknowledgement is matched by its id; `accepted` answers an accept, all else a report. */
export const taskAcknowledged = (task_id: string, status: string): Rule =>
  given((state, now) => {
    const { in_flight } = state.connection
    const kind = status === "accepted" ? "accept" : "report"
    if (in_flight === null || in_flight.kind !== kind || in_flight.task_id !== task_id) return stay
    const task = heldTask(state)
    if (kind === "accept" || task === null || task.task_id !== task_id || task.status !== "reporting") {
      return all(settleInFlight, flush)
    }
    return all(
      settleInFlight,
      log({ event: "report_acknowledged", task_id, status, duration_ms: now - in_flight.sent_at }),
      clearSlot(task.failure === null ? "remove" : "keep_answer"),
      flush
    )
  })

const retryAtTheHub = (task_id: string): string =>
  `the files are kept; POST /api/tasks/${task_id}/retry at the hub brings the task back, and with it the answer`

/** The hub will never take this report; and as nothing else tells it that we are free, we reconnect. */
const refusedForGood = (task: Task, reason: string): Rule =>
  all(
    log({ event: "report_refused", task_id: task.task_id, reason, remedy: retryAtTheHub(task.task_id) }),
    clearSlot("keep"),
    emit({ _tag: "Reconnect", reason: "a report was refused" })
  )

/** The hub cannot take the answer as it is: it is kept, and a minimal failure says so. */
const answerUnfit = (task: Task, error: string): Rule =>
  all(
    emit({ _tag: "SetAside", task_id: task.task_id, folder: "rejected" }),
    taskIs({ failure: { reason: `the hub did not take the answer: ${error}`, sent_generation: null } }),
    flush
  )

const reportRefused = (in_flight: InFlight, error: string): Rule =>
  given((state) => {
    const task = heldTask(state)
    if (task === null || task.task_id !== in_flight.task_id || task.status !== "reporting") return flush
    if (task.generation > in_flight.generation) return flush
    const unfit = error === "validation_failed" || error === "invalid_json"
    return unfit && task.failure === null ? answerUnfit(task, error) : refusedForGood(task, error)
  })

const exchangeRefused = (in_flight: InFlight, error: string, unknown_type: boolean): Rule => {
  switch (in_flight.kind) {
    case "report":
      return reportRefused(in_flight, error)
    case "recovery":
    case "state":
      return questionRefused(in_flight.kind, unknown_type)
    case "accept":
    case "reject":
      return flush
  }
}

/** Rules 3 and 5: an error carries no id; it answers the frame in flight, unless it names the type of another. */
export const hubRefused = (error: string, message_type: string | null, unknown_type: boolean): Rule =>
  given(({ connection: { in_flight, refused_types } }) => {
    const meant = in_flight !== null && (message_type === null || frameTypeOf[in_flight.kind].includes(message_type))
    return all(
      unknown_type && message_type !== null && !refused_types.includes(message_type)
        ? connectionIs({ refused_types: [...refused_types, message_type] })
        : stay,
      log({ event: "frame_refused", type: message_type ?? in_flight?.kind ?? "unknown", error }),
      meant ? all(settleInFlight, exchangeRefused(in_flight, error, unknown_type)) : stay
    )
  })

/** Rule 5: the frame in flight was dropped and goes again when the hub says. */
export const rateLimited = (retry_after_ms: number): Rule =>
  given(({ connection: { in_flight } }) =>
    all(
      log({ event: "rate_limited", retry_after_ms }),
      in_flight === null ? stay : all(
        connectionIs({ in_flight: { ...in_flight, limited: true } }),
        cancelTimers("answer"),
        startTimer(
          "resend",
          Math.min(limits.rate_limit_max_ms, Math.max(limits.rate_limit_min_ms, retry_after_ms))
        )
      )
    )
  )

export const resendDue: Rule = given(({ connection: { in_flight } }) =>
  in_flight === null || !in_flight.limited ? stay : all(connectionIs({ in_flight: null }), sendExchange(in_flight))
)

/** Rule 5: a hub that owes an answer for 15 s is not there any more. */
export const answerOverdue: Rule = given(({ connection: { in_flight } }) =>
  in_flight === null || in_flight.limited
    ? stay
    : emit({ _tag: "Reconnect", reason: `the hub did not answer the ${in_flight.kind} frame` })
)
