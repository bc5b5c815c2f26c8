import { domainLimits } from "../limits.ts"
import { whyNotReady } from "../Readiness.ts"
import type { Rule } from "../rules.ts"
import {
  cancelTimers,
  emit,
  log,
  noop,
  patchConnection,
  patchTask,
  sequence,
  startTimer,
  withState,
  withTask
} from "../rules.ts"
import type { FrameKind, InFlight } from "../SidecarState.ts"
import type { Task } from "../Work.ts"
import { clearInFlight, flush } from "./exchange.ts"
import { finish } from "./finish.ts"
import { questionRefused } from "./ownership.ts"

/** A rule about the frame in flight; without one it does nothing. */
const withInFlight = (rule: (in_flight: InFlight) => Rule): Rule =>
  withState(({ connection: { in_flight } }) => in_flight === null ? noop : rule(in_flight))

/** The answer to a report counts only under the generation it was sent with: under a new one the report is owed again. */
const ifStillOwed = ({ generation, task_id }: InFlight, rule: (task: Task) => Rule): Rule =>
  withTask((task) => task.id === task_id && task.generation === generation ? rule(task) : noop)

/** Only a new connection tells the hub that we are free. A sidecar that is not ready disconnects anyway. */
const showThatWeAreFree = (reason: string): Rule =>
  withState((state) => whyNotReady(state) === null ? emit({ _tag: "Reconnect", reason }) : noop)

/** Rule 5: an acknowledgement is matched by its id. `accepted` answers an accept, any other status a report; both answer a rejection. */
export const taskAcknowledged = (task_id: string, status: string): Rule =>
  withState(({ connection: { accept_refused, in_flight } }, now) => {
    const kind = status === "accepted" ? "accept" : "report"
    if (in_flight === null || in_flight.task_id !== task_id) return noop
    if (in_flight.kind !== kind && in_flight.kind !== "reject") return noop
    return sequence(
      clearInFlight,
      in_flight.kind === "accept" ? patchConnection({ accept_refused: false }) : noop,
      ifStillOwed(in_flight, (task) =>
        sequence(
          log({ event: "report_acknowledged", task_id, status, duration_ms: now - in_flight.sent_at }),
          finish(task.failure === null ? "remove" : "keep_answer"),
          accept_refused ? showThatWeAreFree("an accept was refused") : noop
        )),
      flush
    )
  })

const retryAtTheHub = (task_id: string): string =>
  `the files are kept; POST /api/tasks/${task_id}/retry at the hub brings the task back, and with it the answer`

/** The hub will never take this report, and still counts us as busy. */
const refusedForGood = (task: Task, reason: string): Rule =>
  sequence(
    log({ event: "report_refused", task_id: task.id, reason, remedy: retryAtTheHub(task.id) }),
    finish("keep"),
    showThatWeAreFree("a report was refused")
  )

/** The hub cannot take this answer. It is kept, and a minimal failure says so. */
const answerUnfit = (task: Task, error: string): Rule =>
  sequence(
    emit({ _tag: "SetAside", work_id: task.id, folder: "rejected" }),
    patchTask({ failure: { reason: `the hub did not take the answer: ${error}`, sent_generation: null } })
  )

const reportRefused = (task: Task, error: string): Rule => {
  const unfit = error === "validation_failed" || error === "invalid_json"
  return unfit && task.failure === null ? answerUnfit(task, error) : refusedForGood(task, error)
}

const exchangeRefused = (in_flight: InFlight, error: string, unknown_type: boolean): Rule => {
  switch (in_flight.kind) {
    case "report":
      return sequence(ifStillOwed(in_flight, (task) => reportRefused(task, error)), flush)
    case "recovery":
    case "state":
      return questionRefused(in_flight.kind, unknown_type)
    case "accept":
      return sequence(patchConnection({ accept_refused: true }), flush)
    default: // nothing depends on the answer
      return flush
  }
}

/** Rules 3 and 5: an error has no id. It answers the frame in flight, unless it names another. */
export const hubRefused = (error: string, frame: FrameKind | "another" | null, unknown_type: boolean): Rule =>
  withState(({ connection: { in_flight, refused_frames } }) => {
    const isAnswer = in_flight !== null && (frame === null || frame === in_flight.kind)
    const isNew = unknown_type && frame !== null && frame !== "another" && !refused_frames.includes(frame)
    return sequence(
      isNew ? patchConnection({ refused_frames: [...refused_frames, frame] }) : noop,
      log({ event: "frame_refused", type: frame ?? in_flight?.kind ?? "unknown", error }),
      isAnswer ? sequence(clearInFlight, exchangeRefused(in_flight, error, unknown_type)) : noop
    )
  })

/** Rule 5: the hub dropped the frame in flight, unless it was a ping. It is sent again after the time that the hub named. */
export const rateLimited = (retry_after_ms: number, of_ping: boolean): Rule =>
  sequence(
    log({ event: "rate_limited", retry_after_ms }),
    of_ping ? noop : withInFlight((in_flight) =>
      sequence(
        patchConnection({ in_flight: { ...in_flight, limited: true } }),
        cancelTimers("answer"),
        startTimer(
          "resend",
          Math.min(domainLimits.rate_limit_max_ms, Math.max(domainLimits.rate_limit_min_ms, retry_after_ms))
        )
      )
    )
  )

/** A limited frame goes first. A report does not: an accept may have to go before it. */
export const resendDue: Rule = withInFlight(({ kind, task_id }) =>
  sequence(
    withState(({ connection: { pending } }) =>
      patchConnection({ in_flight: null, pending: kind === "report" ? pending : [{ kind, task_id }, ...pending] })
    ),
    flush
  )
)

/** Rule 5: a hub that has not answered for 15 s is gone. It may take a rejection without an answer. */
export const answerOverdue: Rule = withInFlight(({ kind }) =>
  kind === "reject" ? sequence(clearInFlight, flush) : sequence(
    patchConnection({ half_open: true }),
    emit({ _tag: "Reconnect", reason: `the hub did not answer the ${kind} frame` })
  )
)
