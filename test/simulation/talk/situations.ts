import { bounds } from "../bounds.ts"
import type { Situation } from "../patience.ts"
import { sound, type View } from "../situations.ts"

/** What may be of messages for a while, and for how long. */
export const aboutTalk = (view: View): ReadonlyArray<Situation> => {
  const { batch_ms, deliver_while_working, min_interval_ms } = view.world.policy.messages
  return [
    {
      what: "a message waits and nobody is woken for it",
      // A clock that is set back while it waits makes a wait last up to twice as long.
      bound_ms: 2 * Math.max(batch_ms, min_interval_ms) + bounds.choice_ms,
      key: () => {
        const { state } = view.machine.steps
        if (state === null || state.disk !== "ok" || state.draining !== null || state.stored.messages !== null) {
          return null
        }
        if (state.talk.held_until !== null || (state.stored.task !== null && !deliver_while_working)) return null
        return state.talk.held.waiting > 0
          ? `since ${state.talk.held.first_at}, after ${state.talk.delivered_at}`
          : null
      }
    },
    {
      what: "a message of ours is not sent",
      bound_ms: bounds.sent_ms,
      key: () => {
        const { state } = view.machine.steps
        if (state === null || !view.world.faults.quiet || sound(view) === null || state.disk !== "ok") return null
        return state.talk.held.outgoing > 0 ? `${state.talk.held.outgoing} left` : null
      }
    }
  ]
}
