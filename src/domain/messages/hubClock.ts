import { noop, patchTalk, type Rule, withState } from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"

/** The hub's time now, in epoch milliseconds: its clock goes on from the last pong. Ours until the first. */
export const hubNow = ({ talk: { hub_clock } }: SidecarState, now: number): number =>
  hub_clock === null ? now : hub_clock.hub_time + Math.max(0, now - hub_clock.at)

/** Rule 16: what the hub pushes now was said now or before. */
export const hubTimeAtLeast = (hub_time: number): Rule =>
  withState((state, now) =>
    state.talk.hub_clock === null || hub_time > hubNow(state, now) ? hubTimeTold(hub_time) : noop
  )

/**
 * A time of the hub's clock that has passed, whatever our clock says: the last that the hub told, or of an earlier life the last that
 * was noted. 0 if it never told any.
 */
export const toldByHub = ({ talk: { hub_clock, known } }: SidecarState): number =>
  Math.floor(hub_clock?.hub_time ?? known.heard_until ?? 0)

/** The hub told its time. */
export const hubTimeTold = (hub_time: number): Rule =>
  withState((_, now) => patchTalk({ hub_clock: { at: now, hub_time } }))
