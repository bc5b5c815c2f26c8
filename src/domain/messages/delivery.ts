import { inspectIfIdle } from "../agent/evidence.ts"
import { begin, recover } from "../agent/phases.ts"
import type { AgentEvent } from "../agent/rules.ts"
import { release } from "../agent/termination.ts"
import type { DeliveryEnd } from "../Command.ts"
import { endOfWait, waitUntil } from "../RuleOf.ts"
import {
  cancelTimers,
  emit,
  log,
  noop,
  patchTalk,
  type Rule,
  sequence,
  startTimer,
  withBatch,
  withState
} from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"
import { inSlot } from "../slots.ts"
import type { Batch } from "../Work.ts"
import { hour_ms } from "./choose.ts"
import { holds } from "./receiving.ts"
import type { Held } from "./Talk.ts"

const urgent_batch_ms = 1_000 // from the first urgent message

/** Rules 18 and 19: whether a delivery may begin at all. One at a time. */
const mayDeliver = ({ disk, draining, policy, stored, talk }: SidecarState): boolean =>
  policy.messages.delivers && !talk.choosing && stored.messages === null &&
  draining === null && disk === "ok" && (policy.messages.deliver_while_working || stored.task === null)

/**
 * Rule 18: when the next delivery is due. An urgent message ends the wait between two, and shortens the wait for others, unless it
 * was there at the last delivery already.
 */
const deliveryDue = ({ policy, talk }: SidecarState, first_at: number, now: number): number => {
  const { batch_ms, min_interval_ms } = policy.messages
  const { delivered_at, held: { urgent_at }, held_until } = talk
  const interval = delivered_at === null ? now : endOfWait(delivered_at, min_interval_ms, now)
  const ordinary = Math.max(endOfWait(first_at, batch_ms, now), interval)
  const isNews = urgent_at !== null && (delivered_at === null || urgent_at > delivered_at)
  const urgent = isNews ? endOfWait(urgent_at, Math.min(batch_ms, urgent_batch_ms), now) : ordinary
  return Math.max(Math.min(ordinary, urgent), held_until === null ? now : waitUntil(held_until, hour_ms, now))
}

/** Rule 18, after every message: asks for the next batch when it is due. */
export const deliverNext: Rule = withState((state, now) => {
  const running = state.timers.batch
  const { first_at } = state.talk.held
  if (first_at === null || !mayDeliver(state)) return running === undefined ? noop : cancelTimers("batch")
  const due = deliveryDue(state, first_at, now)
  if (due > now) return running === due ? noop : startTimer("batch", due - now)
  return sequence(
    running === undefined ? noop : cancelTimers("batch"),
    patchTalk({ choosing: true }),
    emit({ _tag: "ChooseBatch" })
  )
})

/** Rule 19: the batch is saved with the state, and then its messages are marked. */
const deliver = (batch: Batch): Rule =>
  sequence(
    inSlot("messages", begin(batch)),
    withState((_, now) => patchTalk({ delivered_at: now, held_until: null })),
    emit({ _tag: "BeginDelivery", batch }),
    inSlot("messages", inspectIfIdle)
  )

/** Rule 18: the store has chosen. */
export const batchReady = (batch: Batch): Rule =>
  sequence(
    patchTalk({ choosing: false }),
    withState(({ disk, draining, stored }) =>
      stored.messages !== null || draining !== null || disk !== "ok" ? noop : deliver(batch)
    )
  )

/** Rule 23: limits hold back all that waits, or nothing waits any more. */
export const noBatch = (retry_at: number | null, held_back: number): Rule =>
  withState(({ policy, talk }, now) => {
    const held_until = retry_at ?? now + policy.messages.min_interval_ms
    return sequence(
      held_back > 0 && talk.held_until === null
        ? log({ event: "messages_held_back", count: held_back, until: held_until })
        : noop,
      patchTalk({ choosing: false, held_until })
    )
  })

/** Rule 23: what waits anew may be what no limit holds back, so after the wait of its batch the store is asked again. */
export const moreWaits: Rule = withState(({ policy, talk: { held, held_until } }, now) => {
  const { batch_ms } = policy.messages
  const wait_ms = held.urgent_at === null ? batch_ms : Math.min(batch_ms, urgent_batch_ms)
  return held_until === null ? noop : patchTalk({ held_until: Math.min(held_until, now + wait_ms) })
})

/** Rule 19: the marks of the messages follow how their delivery ended. The batch stays in the state until they do. */
const endDelivery = (endOf: (batch: Batch) => DeliveryEnd): Rule =>
  withBatch((batch) => emit({ _tag: "EndDelivery", batch, end: endOf(batch) }))

/** Rule 19: this machine could not wake the agent. After an attempt that ran, the agent may have read the messages all the same. */
const obstructed = (reason: string): Rule =>
  withBatch(({ id: batch_id, wake_attempts }) =>
    wake_attempts > 1
      ? endDelivery(() => ({ _tag: "Failed", reason }))
      : sequence(
        log({ event: "delivery_postponed", batch_id, reason }),
        endDelivery(() => ({ _tag: "Postponed" }))
      )
  )

/** Rule 19: nothing of a delivery is reported to the hub. */
export const batchAgentTold = (event: AgentEvent): Rule => {
  switch (event._tag) {
    case "Succeeded":
      return endDelivery(() => ({ _tag: "Delivered", answer: event.answer.result }))
    case "Failed":
      return endDelivery(({ failure }) => ({ _tag: "Failed", reason: failure?.reason ?? "" }))
    case "Obstructed":
      return obstructed(event.obstacle.reason)
    case "WakeJudged":
    case "SignOfLife":
      return noop
  }
}

/**
 * Rule 19: what the last daemon left of a delivery. One that has had its end is over, whatever its files say. Of one that had failed
 * the marks may not have followed.
 */
export const recoverDelivery = (is_delivered: boolean): Rule =>
  is_delivered ? inSlot("messages", release("remove")) : sequence(
    inSlot("messages", recover),
    withBatch(({ failure }) => failure === null ? noop : batchAgentTold({ _tag: "Failed" }))
  )

/** Rule 19: the marks are made, and the next delivery may begin. Of one that failed the files stay. */
export const deliveryMarked = (end: DeliveryEnd["_tag"], held: Held): Rule =>
  sequence(
    holds(held),
    inSlot("messages", end === "Delivered" ? release("remove") : release("keep", end === "Postponed" ? 0 : undefined))
  )
