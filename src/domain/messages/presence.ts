import { emit, noop, patchTalk, type Rule, sequence, startTimer, withState } from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"

const presence_interval_ms = 5_000 // between two texts that we show: each goes to every agent

/** Rule 25: what we are at, in words that every agent may read: no task's text, no path and no secret. */
export const presenceOf = ({ draining, readiness, stored: { task } }: SidecarState): string => {
  if (draining !== null) return "draining"
  if (task !== null) {
    return task.woken_at === null ? "at work" : `at work since ${new Date(task.woken_at).toISOString()}`
  }
  return readiness.not_ready === null ? "idle" : "paused"
}

/** Rule 25: the hub was told with `identify`. */
export const presenceShown: Rule = withState((state, now) => patchTalk({ shown: { text: presenceOf(state), at: now } }))

/** A rule about the text that the hub does not have yet, where it takes any; `shown_at`: when it got the last one. */
const withUnshown = (rule: (text: string, shown_at: number) => Rule): Rule =>
  withState((state) => {
    const { connection: { phase, refused_frames }, talk: { shown } } = state
    const text = presenceOf(state)
    const isTaken = phase === "identified" && shown !== null && !refused_frames.includes("presence")
    return isTaken && shown.text !== text ? rule(text, shown.at) : noop
  })

const show = (text: string): Rule =>
  withState((_, now) => sequence(patchTalk({ shown: { text, at: now } }), emit({ _tag: "ShowPresence", text })))

/** Rule 25, after every message: what we are at is shown, at most once in 5 s. An error about it names it, so it waits for no answer. */
export const showPresence: Rule = withUnshown((text, shown_at) =>
  withState(({ timers }, now) => {
    const wait_ms = shown_at + presence_interval_ms - now
    if (wait_ms <= 0) return show(text)
    return timers.presence === undefined ? startTimer("presence", wait_ms) : noop
  })
)

/** Rule 25: why we leave is told before the connection closes. */
export const showWhyWeLeave: Rule = withUnshown(show)
