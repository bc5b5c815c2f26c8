import type { Evidence } from "../Evidence.ts"
import { wakeIdOf } from "../ids.ts"
import { domainLimits } from "../limits.ts"
import type { Obstacle } from "../Readiness.ts"
import { remaining } from "../RuleOf.ts"
import { nameOf, type Work } from "../Work.ts"
import { fail, stopAgent } from "./outcome.ts"
import {
  type AgentRule,
  emit,
  log,
  noop,
  patchAgent,
  patchWork,
  sequence,
  setPhase,
  startTimer,
  tellOwner,
  withState,
  withWork,
  withWorkOf
} from "./rules.ts"
import { terminate } from "./termination.ts"

const maxAttempts = 1 + domainLimits.wake_retries_ms.length

/** Rule 6: the intent is saved, then the command is spawned. */
const wake = (attempt: number): AgentRule =>
  withState(({ policy }, now) =>
    withWork(({ generation, id, woken_at }) => {
      const wake_id = wakeIdOf({ generation, attempt, at: now })
      return sequence(
        patchWork({
          status: "waking",
          wake_attempts: attempt,
          woken_at: woken_at ?? now,
          wake: { id: wake_id, at: now, end: null }
        }),
        woken_at === null ? startTimer("timeout", policy.timeout_ms) : noop,
        patchAgent({ phase: { _tag: "Spawning" }, wake_lasted_ms: null }),
        emit({ _tag: "ClearEvidence", work_id: id }, { _tag: "WatchResults", work_id: id, wake_id }),
        log({ event: "wake_attempt", ...nameOf(id), attempt, wake_id }),
        withWork((work) => emit({ _tag: "WakeAgent", work, wake_id }))
      )
    })
  )

/** The wake was intended, and its inspection has revoked it. */
export const neverBegan = ({ wake: last }: Work, { process }: Evidence): boolean =>
  last?.end === null && process === "none"

/** Rule 10: attempts go on counting. A wake that never began is made again under its number, or as the first. */
const nextAttempt = (work: Work, evidence: Evidence): number =>
  neverBegan(work, evidence)
    ? Math.max(1, work.wake_attempts)
    : work.wake_attempts + 1

/** Rule 1: nothing is at work and there is no answer, so the agent is woken, once nothing lives of an earlier wake. */
export const tryWake = (evidence: Evidence): AgentRule =>
  withState(({ agent, may_wake, terminating }) =>
    withWork((work) => {
      if (!may_wake) return setPhase({ _tag: "Idle" })
      if (work.wake !== null && agent.gone_wake !== work.wake.id) {
        return sequence(terminate(work.id, "keep", 0), setPhase({ _tag: "AwaitingExit" }))
      }
      return terminating.length > 0 ? setPhase({ _tag: "AwaitingExit" }) : wake(nextAttempt(work, evidence))
    })
  )

/** Rule 6: the command has been spawned. The time for its confirmation begins now. */
export const wakeSpawned = (work_id: string, wake_id: string): AgentRule =>
  withState(({ agent, policy }, now) =>
    withWorkOf(work_id, (work) => {
      if (work.wake?.id !== wake_id || agent.phase._tag !== "Spawning") return noop
      return work.status === "working" ? setPhase({ _tag: "Running" }) : sequence(
        patchWork({ status: "confirming", wake: { ...work.wake, at: now } }),
        setPhase({ _tag: "Running" }),
        startTimer("confirmation", policy.confirmation_timeout_ms)
      )
    })
  )

/** The command can never run for this work, so it is not tried again. */
export const wakeImpossible = (work_id: string, wake_id: string, reason: string): AgentRule =>
  withState(({ agent }) =>
    withWorkOf(work_id, (work) => work.wake?.id === wake_id && agent.phase._tag === "Spawning" ? fail(reason) : noop)
  )

/** Rule 6: that attempt failed. Its process tree is stopped before anything else. */
export const attemptFailed = (reason: string, status: "failed" | "timeout"): AgentRule =>
  withWork((work) =>
    sequence(
      log({ event: "wake_failed", ...nameOf(work.id), attempt: work.wake_attempts, reason }),
      tellOwner({ _tag: "WakeJudged", status, reason }),
      stopAgent({ _tag: "AttemptFailed", reason })
    )
  )

/** Rule 6: again after 5, 15 and 30 s. After the third retry the work has failed. */
export const retryOrFail = (reason: string): AgentRule =>
  withWork((work) =>
    work.wake_attempts >= maxAttempts
      ? fail(`no wake succeeded in ${maxAttempts} attempts; the last: ${reason}`)
      : sequence(
        patchWork({
          status: "waking",
          wake: work.wake && { ...work.wake, end: work.wake.end ?? { how: "unseen", code: null, output: "" } }
        }),
        setPhase({ _tag: "AwaitingRetry" }),
        emit({ _tag: "RetryWake", work_id: work.id, failed_attempts: work.wake_attempts })
      )
  )

/** Rule 13: this machine cannot wake the agent, so the owner of the work gives it back. */
export const obstructed = (obstacle: Obstacle): AgentRule => tellOwner({ _tag: "Obstructed", obstacle })

/** Rules 12 and 13: a folder that keeps a wake from beginning is given some time, and then the work is given back. */
export const againOrObstructed = (reason: string, again: AgentRule): AgentRule =>
  withState(({ agent }, now) => {
    const unwritten_since = agent.unwritten_since ?? now
    return remaining(unwritten_since, domainLimits.give_back_ms, now) > 0
      ? sequence(patchAgent({ unwritten_since }), again)
      : obstructed({ cause: "folders", reason })
  })
