import { inspect, inspectIfIdle } from "../agent/evidence.ts"
import { revokeWake } from "../agent/termination.ts"
import { domainLimits } from "../limits.ts"
import type { TaskLocation } from "../Message.ts"
import {
  cancelTimers,
  emit,
  log,
  noop,
  ofTaskAgent,
  patch,
  patchConnection,
  type Rule,
  sequence,
  startTimer,
  withState,
  withTask
} from "../rules.ts"
import type { ExchangeKind, SidecarState } from "../SidecarState.ts"
import { hasAgentsLeft } from "../slots.ts"
import { clearInFlight, enqueue, flush } from "./exchange.ts"
import { finish } from "./finish.ts"

/** Rule 4: asks the hub whose the task is, after every `identified` and before any report. */
export const askWhoseItIs: Rule = withState(({ stored }) =>
  withTask(({ id }) =>
    sequence(
      stored.recovering ? enqueue("recovery", id) : noop,
      enqueue("state", id),
      flush
    )
  )
)

/** The task is ours: accept it again (a hub that restarted waits for that), inspect the agent, then report. */
export const ours: Rule = withTask(({ id }) =>
  sequence(
    withState(({ stored }) => patch({ stored: { ...stored, recovering: false } })),
    patchConnection({ ownership: "ours" }),
    cancelTimers("assign_grace", "lookup"),
    enqueue("accept", id),
    ofTaskAgent(inspectIfIdle),
    flush
  )
)

export const logOwnership = (outcome: "ours" | "in_doubt" | "not_ours"): Rule =>
  withTask(({ id }) => log({ event: "recovery_settled", task_id: id, outcome }))

/** The hub has said that the task is ours. */
export const continued: Rule = sequence(logOwnership("ours"), ours)

/** The task is not ours now, so a wake that has not begun is revoked. An agent that has started works on. */
const holdBackWake: Rule = withState(({ slots }) =>
  slots.task.agent.phase._tag === "Spawning"
    ? sequence(ofTaskAgent(revokeWake), ofTaskAgent(inspect("evidence")))
    : noop
)

/** The hub says that the task is not ours. It may still assign it to us within 5 s. */
const denied: Rule = sequence(
  patchConnection({ ownership: "denied" }),
  holdBackWake,
  startTimer("assign_grace", domainLimits.assign_grace_ms),
  flush
)

const isAnswerTo = ({ connection: { in_flight } }: SidecarState, kind: ExchangeKind, task_id: string): boolean =>
  in_flight !== null && in_flight.kind === kind && in_flight.task_id === task_id

/** An answer to a question counts only while the question is open: an assignment in between has answered it. */
const answered = (kind: ExchangeKind, task_id: string, verdict: Rule): Rule =>
  withState((state) => {
    if (!isAnswerTo(state, kind, task_id)) return noop
    const isOpen = state.connection.ownership === "unknown" && state.stored.task?.id === task_id
    return sequence(clearInFlight, isOpen ? verdict : flush)
  })

/** The answer to `task_recovering` counts if the hub does not know `state_report`. Until that is answered it is kept. */
const recoveryAnswered = (recovery_answer: "continue" | "denied"): Rule =>
  withState(({ connection: { pending } }) => {
    if (pending.some(({ kind }) => kind === "state")) return sequence(patchConnection({ recovery_answer }), flush)
    return recovery_answer === "continue" ? continued : denied
  })

/** The hub sends `task_continue` to any sidecar that asks. It means yes only with the generation that we hold. */
export const taskContinued = (task_id: string, generation: number): Rule =>
  answered(
    "recovery",
    task_id,
    withTask((task) => recoveryAnswered(task.generation === generation ? "continue" : "denied"))
  )

export const taskReassigned = (task_id: string): Rule => answered("recovery", task_id, recoveryAnswered("denied"))

export const stateReportAnswered = (task_id: string, action: "continue" | "abort"): Rule =>
  answered("state", task_id, action === "continue" ? continued : denied)

/**
 * The hub refused the question. An answer to `task_recovering` counts if there is one. A hub that does not know
 * `state_report` is asked with `task_recovering`. Otherwise the task is not ours.
 */
export const questionRefused = (kind: "recovery" | "state", unknown_type: boolean): Rule =>
  withState(({ connection: { ownership, pending, recovery_answer }, stored: { recovering, task } }) => {
    if (task === null || ownership !== "unknown" || pending.some((exchange) => exchange.kind === "state")) return flush
    if (recovery_answer !== null) return recovery_answer === "continue" ? continued : denied
    return kind === "state" && unknown_type && !recovering
      ? sequence(enqueue("recovery", task.id), flush)
      : denied
  })

/** No assignment came. The hub is asked where the task is. A task whose failure was sent already is let go. */
export const assignmentOverdue: Rule = withTask(({ failure, id }) =>
  failure !== null && failure.sent_generation !== null
    ? sequence(logOwnership("not_ours"), finish("keep"))
    : sequence(
      logOwnership("in_doubt"),
      patchConnection({ ownership: "unresolved" }),
      startTimer("lookup", domainLimits.lookup_ms),
      emit({ _tag: "LookUpTask", task_id: id })
    )
)

/**
 * Rules 4 and 13: a drain ends here in place of asking again, if the state is on disk and no agent is left. The next start
 * asks the hub.
 */
const askAgainWhereItIs = (task_id: string): Rule =>
  withState((state) =>
    state.draining !== null && state.disk === "ok" && !hasAgentsLeft(state)
      ? emit({ _tag: "CloseConnection" }, { _tag: "Exit", code: state.draining })
      : emit({ _tag: "LookUpTask", task_id })
  )

/** Rule 4: once a minute the hub is asked where an unresolved task is. */
export const lookupDue: Rule = withTask(({ id }) =>
  sequence(startTimer("lookup", domainLimits.lookup_ms), askAgainWhereItIs(id))
)

/**
 * The task is elsewhere (with another agent, finished or gone): it is no longer ours. If it is queued or unknown, it keeps its
 * slot until the hub gives it to us again.
 */
export const taskLookedUp = (task_id: string, location: TaskLocation): Rule =>
  withState(({ connection }) =>
    withTask(({ id }) =>
      id === task_id && connection.ownership === "unresolved" && location === "elsewhere"
        ? sequence(logOwnership("not_ours"), finish("keep", 0))
        : noop
    )
  )
