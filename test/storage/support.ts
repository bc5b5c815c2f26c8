import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Fate, Fates, Judged } from "../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import { defaultMessagePolicy, type HourlyLimits } from "../../src/domain/messages/MessagePolicy.ts"
import type { Outgoing } from "../../src/domain/messages/Outgoing.ts"
import { type Batch, unstarted } from "../../src/domain/Work.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import type { InboxSize } from "../../src/storage/messages/room.ts"
import { messageStoreMemory } from "../support/fakes.ts"

export type Store = MessageStore["Service"]

export const second_ms = 1_000
export const hour_ms = 60 * 60 * second_ms
export const day_ms = 24 * hour_ms

export const hub_time = 1_795_000_000_000 // of the first message

export const messageOf = (id: string, more: Partial<InboxMessage> = {}): InboxMessage => ({
  id,
  way: "direct",
  channel: null,
  from: "ada",
  type: "note",
  payload: { text: id },
  reply_to: null,
  sent_at: hub_time,
  ...more
})

export const outgoingOf = (key: string, more: Partial<Outgoing> = {}): Outgoing => ({
  key,
  target: { _tag: "Agent", agent_id: "ada" },
  type: "response",
  reply_to: null,
  payload: { text: key },
  ...more
})

export const deliver: Fate = { _tag: "Deliver", urgent: false }
export const urgent: Fate = { _tag: "Deliver", urgent: true }
export const keep: Fate = { _tag: "Keep", reason: "it asks for nothing" }
export const drop: Fate = { _tag: "Drop", reason: "message_rules" }
export const answer: Fate = { _tag: "Answer", answer: { type: "pong", payload: {} } }

export const judgedAs = (fate: Fate | Fates, id: string, more: Partial<InboxMessage> = {}): Judged => {
  const fates = "direct" in fate ? fate : { direct: fate, broadcast: fate }
  const isAnswered = fates.direct._tag === "Answer" || fates.broadcast._tag === "Answer"
  return {
    message: messageOf(id, more),
    fates,
    answer: isAnswered ? outgoingOf(`pong-${id}`, { type: "pong", reply_to: id, payload: {} }) : null,
    refusal: more.way === "pushed" ? null : outgoingOf("refused", { type: "refused", reply_to: id }),
    own_text: null
  }
}

export const pushed = (fates: Fates, id: string, more: Partial<InboxMessage> = {}): Judged =>
  judgedAs(fates, id, { way: "pushed", ...more })

export const batchOf = (id: string, message_ids: ReadonlyArray<string>): Batch => ({
  ...unstarted,
  kind: "messages",
  id: `batch-${id}`,
  generation: 1,
  payload: { message_ids }
})

/** A payload whose JSON text has this many bytes. */
export const payloadOf = (bytes: number) => ({ text: "x".repeat(bytes - `{"text":""}`.length) })

export const numbered = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

/** A test with an empty store, whose clock stands unless the test moves it. */
export const itStores = (
  title: string,
  test: (store: Store) => Effect.Effect<void, unknown>,
  per_hour: Partial<HourlyLimits> = {},
  size?: InboxSize
) =>
  it.effect(title, () => {
    const policy = { ...defaultMessagePolicy, per_hour: { ...defaultMessagePolicy.per_hour, ...per_hour } }
    return Effect.provide(MessageStore.use(test), messageStoreMemory(policy, size))
  })

/** All that the hub is asked to take, in order: each is sent at once. */
export const allSent = Effect.fnUntraced(function*(store: Store) {
  const keys: Array<string> = []
  for (let next = (yield* store.next).queued; next !== null; next = (yield* store.next).queued) {
    keys.push(next.outgoing.key)
    yield* store.sending(next.outgoing.key, hub_time)
    yield* store.sent(next.outgoing.key, { _tag: "Sent", hub_id: `hub-${next.outgoing.key}` })
  }
  return keys
})

/** Delivers what the next batch would be. */
export const deliverNext = Effect.fnUntraced(function*(store: Store, id: string) {
  const { ids } = yield* store.choose
  const batch = batchOf(id, ids)
  yield* store.begin(batch)
  yield* store.end(batch, { _tag: "Delivered", replies: [] })
  return ids
})
