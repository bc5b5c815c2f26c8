import { limits } from "../../limits.ts"
import type { Whereabouts } from "../Message.ts"
import type { ExchangeKind, SidecarState } from "../SidecarState.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { all, cancelTimers, connectionIs, emit, given, log, startTimer, stay, withTask } from "../step.ts"
import { assess, inspect } from "./evidence.ts"
import { enqueue, flush, settleInFlight } from "./exchange.ts"
import { claim, clearSlot, revokeWake } from "./slot.ts"

/** Rule 4: after every `identified` with a task held, before any report. */
export const askWhoseItIs: Rule = given(({ stored }) =>
  withTask((task) =>
    all(
      stored.recovering === null ? stay : enqueue("recovery", task.task_id),
      enqueue("state", task.task_id),
      flush
    )
  )
)

/** The task is ours: accept it again (a hub that restarted waits for that), look at the agent, then report. */
export const ours: Rule = withTask((task) =>
  all(
    claim,
    connectionIs({ standing: "ours" }),
    cancelTimers("assign_grace"),
    enqueue("accept", task.task_id),
    assess,
    flush
  )
)

export const settled = (outcome: "ours" | "in_doubt" | "not_ours"): Rule =>
  withTask((task) => log({ event: "recovery_settled", task_id: task.task_id, outcome }))

/** The hub has said that it is ours. */
export const continued: Rule = all(settled("ours"), ours)

/** A wake that was meant waits until the task is ours again; an agent that came up of it works on. */
const holdBackWake: Rule = given(({ agent }) =>
  agent.activity._tag === "Spawning" ? all(revokeWake, inspect("assess")) : stay
)

/** Not ours as the hub sees it, unless it is assigned to us within 5 s. */
const denied: Rule = all(
  connectionIs({ standing: "denied" }),
  holdBackWake,
  startTimer("assign_grace", limits.assign_grace_ms),
  flush
)

const isAnswerTo = ({ connection: { in_flight } }: SidecarState, kind: ExchangeKind, task_id: string): boolean =>
  in_flight !== null && in_flight.kind === kind && in_flight.task_id === task_id

/** An answer to a question counts only while the question is open: an assignment in between settled it. */
const answered = (kind: ExchangeKind, task_id: string, verdict: Rule): Rule =>
  given((state) => {
    if (!isAnswerTo(state, kind, task_id)) return stay
    const open = state.connection.standing === "unknown" && heldTask(state)?.task_id === task_id
    return all(settleInFlight, open ? verdict : flush)
  })

/** What `task_recovering` said counts where the hub does not know `state_report`. */
const recoveryAnswered = (recovery_answer: "continue" | "denied"): Rule =>
  given(({ connection: { pending } }) => {
    if (pending.some(({ kind }) => kind === "state")) return all(connectionIs({ recovery_answer }), flush)
    return recovery_answer === "continue" ? continued : denied
  })

/** `task_continue` comes whoever asks: only the generation we hold makes it ours. */
export const taskContinued = (task_id: string, generation: number): Rule =>
  answered(
    "recovery",
    task_id,
    withTask((task) => recoveryAnswered(task.generation === generation ? "continue" : "denied"))
  )

export const taskReassigned = (task_id: string): Rule => answered("recovery", task_id, recoveryAnswered("denied"))

export const stateReportAnswered = (task_id: string, action: "continue" | "abort"): Rule =>
  answered("state", task_id, action === "continue" ? continued : denied)

/** The hub did not take the question; an older hub is asked the older one. */
export const questionRefused = (kind: "recovery" | "state", unknown_type: boolean): Rule =>
  given((state) => {
    const { pending, recovery_answer, standing } = state.connection
    const task = heldTask(state)
    if (task === null || standing !== "unknown" || pending.some((exchange) => exchange.kind === "state")) return flush
    if (recovery_answer !== null) return recovery_answer === "continue" ? continued : denied
    return kind === "state" && unknown_type && state.stored.recovering === null
      ? all(enqueue("recovery", task.task_id), flush)
      : denied
  })

/** No assignment came: the hub's books say where the task is. A failure that was sent is not worth the wait. */
export const inDoubt: Rule = given(({ connection }) =>
  withTask((task) => {
    if (connection.standing !== "denied") return stay
    if (task.failure !== null && task.failure.sent_generation !== null) {
      return all(settled("not_ours"), clearSlot("keep"))
    }
    return all(
      settled("in_doubt"),
      connectionIs({ standing: "in_doubt" }),
      emit({ _tag: "LookUpTask", task_id: task.task_id })
    )
  })
)

/** With another agent, finished or gone: not ours any more. Queued or unknown: it keeps its slot until it comes back. */
export const taskLookedUp = (task_id: string, whereabouts: Whereabouts): Rule =>
  given(({ connection }) =>
    withTask((task) =>
      task.task_id === task_id && connection.standing === "in_doubt" && whereabouts === "elsewhere"
        ? all(settled("not_ours"), clearSlot("keep", 0))
        : stay
    )
  )
