import { inFlight } from "../hub/exchange.ts"
import { emit, noop, patchTalk, type Rule, sequence, withState } from "../rules.ts"

/** Rule 21, after every message: a frame about channels is sent when nothing of a task waits. One in flight. */
export const askNext: Rule = withState(({ connection: { in_flight, pending, phase, refused_frames }, talk }) => {
  const [next, ...left] = talk.to_ask
  if (next === undefined || phase !== "identified" || in_flight !== null || pending.length > 0) return noop
  if (refused_frames.includes("talk")) return patchTalk({ to_ask: [] })
  return sequence(
    patchTalk({ asked: next, to_ask: left }),
    inFlight({ kind: "talk", task_id: null, generation: null }),
    emit(next)
  )
})
