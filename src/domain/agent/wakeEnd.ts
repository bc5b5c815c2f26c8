import { mayHaveLaunched } from "../Evidence.ts"
import { domainLimits } from "../limits.ts"
import { nameOf, type WakeEnd } from "../Work.ts"
import { inspect, notAtWorkAnyMore } from "./evidence.ts"
import { wakeIsOver } from "./outcome.ts"
import {
  type AgentRule,
  cancelTimers,
  log,
  noop,
  patchAgent,
  patchWork,
  sequence,
  startTimer,
  withState,
  withWork,
  withWorkOf
} from "./rules.ts"
import { againOrObstructed, obstructed } from "./wake.ts"

/** An agent may confirm and end in one moment: the evidence tells whether it confirmed before its end. */
const judgeTheEnd: AgentRule = withWork((work) =>
  work.status === "working"
    ? notAtWorkAnyMore(work, true, "evidence")
    : sequence(cancelTimers("confirmation", "late_answer"), inspect("evidence"))
)

/** Rule 12: the wake is made again under its number. As nothing of this one ever lived, nothing has to be stopped. */
const wakeAgain = (wake_id: string): AgentRule =>
  sequence(
    patchAgent({ phase: { _tag: "Idle" }, gone_wake: wake_id }),
    cancelTimers("confirmation"),
    startTimer("inspection", domainLimits.disk_retry_ms)
  )

/** Rules 12 and 13: nothing ran, and this machine is the reason. That is no failed attempt. A disk is given some time. */
const wakeDidNotRun = (wake_id: string, { how, output }: WakeEnd): AgentRule =>
  withState(({ agent }) => {
    if (agent.phase._tag !== "Running") return noop
    return how === "unspawned"
      ? obstructed({ cause: "program", reason: output })
      : againOrObstructed(output, wakeAgain(wake_id))
  })

/** Rules 6 and 7: the wake command has ended. One that may only have started something is given its time. */
export const wakeExited = (work_id: string, wake_id: string, end: WakeEnd): AgentRule =>
  withState(({ agent, policy }, now) =>
    withWorkOf(work_id, ({ wake }) => {
      if (wake === null || wake.id !== wake_id) return noop
      if (end.how === "unwritten" || end.how === "unspawned") return wakeDidNotRun(wake_id, end)
      const isWatched = agent.phase._tag === "Running" || agent.phase._tag === "AwaitingAnswer"
      const isOver = isWatched && wake.end === null && !mayHaveLaunched(end, policy)
      return sequence(
        wake.end?.how === "killed" ? noop : patchWork({ wake: { ...wake, end } }),
        patchAgent({ unwritten_since: null }),
        mayHaveLaunched(end, policy) ? noop : wakeIsOver,
        log({ event: "wake_ended", ...nameOf(work_id), exit_code: end.code, duration_ms: now - wake.at }),
        isOver ? judgeTheEnd : noop
      )
    })
  )
