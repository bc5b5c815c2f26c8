import { waitUntil } from "../RuleOf.ts"
import { cancelTimers, emit, log, noop, patchTalk, type Rule, sequence, startTimer, withState } from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"
import { toldByHub } from "./hubClock.ts"
import type { SendOutcome } from "./Outgoing.ts"
import { holds } from "./receiving.ts"
import { type Held, sends_burst, type Talk } from "./Talk.ts"

const sends_a_minute = 20 // of the 60 requests that the hub takes; look-ups of tasks need them too
const limited_ms = 60_000 // after the hub refused a request
const renew_ms = 61_000 // from that refusal until we connect anew
const send_retries_ms = [10_000, 30_000, 60_000] as const // after the first, the second and each later failure in a row

/** Rule 21: how many messages may be sent now: as many as ever where the clock was set back. */
const sendsLeft = ({ sends: { at, left } }: Talk, now: number): number =>
  now < at ? sends_burst : Math.min(sends_burst, left + (now - at) * sends_a_minute / 60_000)

/** Talk goes by HTTP: it needs a hub that is there. While we stay away on purpose (rule 13) it is. */
export const mayReachHub = ({ connection, readiness }: SidecarState): boolean =>
  connection.phase === "identified" || (connection.phase === "down" && readiness.link !== "open")

/** Rule 21: when the next message may be sent; null if there is none, or one is on its way. */
const sendDue = (state: SidecarState, now: number): number | null => {
  const { talk } = state
  if (talk.sending || talk.held.outgoing === 0 || state.disk !== "ok" || !mayReachHub(state)) return null
  const missing = Math.max(0, 1 - sendsLeft(talk, now))
  return Math.max(waitUntil(talk.send_after, limited_ms, now), now + Math.ceil(missing * 60_000 / sends_a_minute))
}

/** Rules 20 and 21, after every message: sends the next message when it is due. One at a time. */
export const sendNext: Rule = withState((state, now) => {
  const due = sendDue(state, now)
  const running = state.timers.send
  if (due === null) return running === undefined ? noop : cancelTimers("send")
  if (due > now) return running === due ? noop : startTimer("send", due - now)
  return sequence(
    running === undefined ? noop : cancelTimers("send"),
    patchTalk({ sending: true, sends: { left: sendsLeft(state.talk, now) - 1, at: now } }),
    emit({ _tag: "SendNext", after: toldByHub(state) })
  )
})

/**
 * Rule 21: the hub refused a frame or a request of ours. Talk pauses for a minute. The hub gives us no task for that minute, and
 * looks again only when we connect anew.
 */
export const leaveHubAlone: Rule = withState((_, now) =>
  sequence(
    patchTalk({ send_after: now + limited_ms }),
    startTimer("renew", renew_ms)
  )
)

/** Rule 21: no task has come since the hub refused a request. */
export const renewDue: Rule = withState(({ connection, stored: { task } }) =>
  task === null && connection.phase === "identified"
    ? emit({ _tag: "Reconnect", reason: "the hub gives no task after it refused a request" })
    : noop
)

const retryAfter = (failures: number): number => {
  const [first, second, later] = send_retries_ms
  return failures <= 1 ? first : failures === 2 ? second : later
}

const again = (reason: string): Rule =>
  withState(({ talk: { send_failures } }, now) =>
    sequence(
      send_failures === 0 ? log({ event: "message_unsent", reason }) : noop,
      patchTalk({ send_failures: send_failures + 1, send_after: now + retryAfter(send_failures + 1) })
    )
  )

const afterOutcome = (key: string, outcome: SendOutcome): Rule => {
  switch (outcome._tag) {
    case "Sent":
      return sequence(patchTalk({ send_failures: 0 }), log({ event: "message_sent", key, message_id: outcome.hub_id }))
    case "Refused":
      return sequence(patchTalk({ send_failures: 0 }), log({ event: "message_refused", key, reason: outcome.reason }))
    case "Limited":
      return sequence(log({ event: "rate_limited", retry_after_ms: limited_ms }), leaveHubAlone)
    case "Failed":
    case "Unknown":
      return again(outcome.reason)
  }
}

/** Rule 20: how an attempt to send ended. Without a `key` there was nothing to send. */
export const sendEnded = (key: string | null, outcome: SendOutcome, held: Held | null): Rule =>
  sequence(
    patchTalk({ sending: false }),
    held === null ? noop : holds(held),
    key === null ? noop : afterOutcome(key, outcome)
  )

/** Rule 13: whether a drain waits for messages of ours: those that the hub takes now. */
export const isStillSending = ({ disk, talk: { held, send_failures } }: SidecarState): boolean =>
  held.outgoing > 0 && send_failures === 0 && disk === "ok"
