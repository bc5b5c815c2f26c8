import { mayHaveLaunched, type SilencePolicy } from "../Evidence.ts"
import { domainLimits } from "../limits.ts"
import { remaining } from "../RuleOf.ts"
import { nameOf, type Work } from "../Work.ts"
import { type AgentPhase, noAgent } from "./AgentSlot.ts"
import { checkIn, inspect, inspectIfIdle, inspectOnceGone } from "./evidence.ts"
import { confirmed } from "./outcome.ts"
import {
  type AgentRule,
  cancelTimers,
  emit,
  log,
  noop,
  patch,
  patchAgent,
  patchWork,
  sequence,
  setPhase,
  startTimer,
  withPhase,
  withState,
  withWork,
  withWorkOf
} from "./rules.ts"

/** The slot has new work. */
export const begin = (work: Work): AgentRule =>
  sequence(patch({ work, agent: noAgent }), checkIn(domainLimits.check_ms))

/** Rule 10: under a new generation attempts count from one again. One that is under way is its first. */
const attemptsUnderWay = ({ status, wake }: Work): number =>
  status === "confirming" || status === "working" || (status === "waking" && wake?.end === null) ? 1 : 0

/** A wake whose agent may still confirm is not thrown away. */
const mayConfirm = ({ status, wake }: Work, policy: SilencePolicy): boolean =>
  wake !== null && (status === "waking" || status === "confirming") && mayHaveLaunched(wake.end, policy)

/** Nothing is at work, or nobody could inspect it yet. */
const mayBeAtRest = (phase: AgentPhase): boolean =>
  phase._tag === "Idle" || phase._tag === "AwaitingAnswer" ||
  (phase._tag === "Inspecting" && phase.because === "evidence")

/** Rule 10: the work has a new generation. While no agent is known to be at work it begins again, as the evidence says. */
export const renew: AgentRule = withState(({ agent: { phase }, policy }) =>
  withWork((work) =>
    sequence(
      patchWork({ wake_attempts: attemptsUnderWay(work) }),
      work.status === "reporting" || !mayBeAtRest(phase) ? noop : sequence(
        mayConfirm(work, policy)
          ? noop
          : sequence(patchWork({ status: "accepted", wake_attempts: 0 }), cancelTimers("confirmation")),
        phase._tag === "Inspecting" ? noop : sequence(cancelTimers("late_answer"), setPhase({ _tag: "Idle" }))
      )
    )
  )
)

/** Rule 6: `.started` of this wake confirms it. One that comes too late is evidence when the delay of the retry is over. */
export const agentStarted = (work_id: string, wake_id: string | null): AgentRule =>
  withState(({ agent: { phase } }) =>
    withWorkOf(work_id, ({ wake }) => {
      const isAwaited = phase._tag === "Spawning" || phase._tag === "Running"
      return isAwaited && (wake?.id ?? null) === wake_id ? confirmed : noop
    })
  )

/** Rule 6: the delay of a retry is over. */
export const retryDue = (work_id: string): AgentRule =>
  withState(({ agent }) =>
    withWorkOf(
      work_id,
      () => agent.phase._tag === "AwaitingRetry" ? sequence(setPhase({ _tag: "Idle" }), inspectIfIdle) : noop
    )
  )

/** When the last agent whose work is over has gone, the next may be woken. */
const wakeTheNext: AgentRule = withState(({ terminating }) =>
  terminating.length > 0
    ? noop
    : withPhase("AwaitingExit", () => sequence(setPhase({ _tag: "Idle" }), inspectIfIdle))
)

/** Rule 9: an agent whose work is over is gone, and its files may go. */
const terminated = (work_id: string): AgentRule =>
  withState(({ terminating }) => {
    const last = terminating.find((one) => one.work_id === work_id)
    if (last === undefined) return noop
    return sequence(
      last.files === "keep"
        ? noop
        : emit({ _tag: "RemoveFiles", work_id, keep_answer: last.files === "keep_answer" }),
      patch({ terminating: terminating.filter((one) => one !== last) }),
      wakeTheNext
    )
  })

/** Its signs of life mean nothing any more, whatever is told later of how the command ended. */
const killed: AgentRule = withWork(({ wake }) =>
  patchWork({ wake: wake && { ...wake, end: { how: "killed", code: null, output: "" } } })
)

/** Nothing lives any more of the wakes of the work in the slot. */
const wakesGone = (work_id: string, was_alive: boolean): AgentRule =>
  withState(({ agent: { phase } }) =>
    withWorkOf(work_id, ({ wake }) => {
      const isMeant = phase._tag === "Stopping" || phase._tag === "AwaitingExit"
      return sequence(patchAgent({ gone_wake: wake?.id ?? null }), was_alive && isMeant ? killed : noop)
    })
  )

/** Rules 6 and 7: the agent of the work in the slot has been stopped, so that its evidence can be inspected. */
const stopOver = (work_id: string): AgentRule =>
  withWorkOf(work_id, () => withPhase("Stopping", ({ because }) => inspect(because)))

/** Rules 6, 7 and 9: an agent of ours is gone, with its whole process tree. */
export const agentStopped = (work_id: string, was_alive: boolean): AgentRule =>
  sequence(
    withState(({ stopping }) => patch({ stopping: stopping.filter((one) => one !== work_id) })),
    wakesGone(work_id, was_alive),
    terminated(work_id),
    stopOver(work_id)
  )

/** Rule 10: an earlier life of the daemon held this work. */
export const recover: AgentRule = withState(({ policy }, now) =>
  withWork(({ failure, generation, id, status, wake, woken_at }) =>
    sequence(
      log({ event: "recovery_found", ...nameOf(id), status, generation }),
      status === "reporting" && failure === null ? patchWork({ status: "working" }) : noop,
      checkIn(domainLimits.check_ms),
      woken_at === null ? noop : startTimer("timeout", remaining(woken_at, policy.timeout_ms, now)),
      emit({ _tag: "WatchResults", work_id: id, wake_id: wake?.id ?? null }),
      inspectOnceGone
    )
  )
)
