import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { type Folder, startDaemon, startHub, submit, until, untilStatus } from "../support/daemon.ts"
import { delivered, deliveries, makeTalkFolder, startTalk, untilDelivered } from "../support/deliveries.ts"
import { identifications, untilAtWork } from "../support/outcomes.ts"
import { saidInRoom, say, sayInRoom, sayToAll, tokensOf, untilSent } from "../support/talk.ts"

const senders = Array.from({ length: 10 }, (_, n) => `agent-${n}`)

describe.concurrent("a message", () => {
  it.live("wakes the agent, and its reply goes to whoever sent it", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startTalk()
      const id = yield* say(hub, "bob", { payload: { text: "are you there?" } })
      const [reply] = yield* untilSent(hub, 1)
      assert.deepStrictEqual(delivered(folder), [id])
      assert.deepInclude(reply, { to: "bob", type: "response", reply_to: id })
      assert.deepInclude(reply?.payload, { text: "re: are you there?", hops: 1 })
      assert.strictEqual(reply?.payload["agentcom_key"], `reply-${id}`)
    }))

  it.live("that was sent while nobody was connected is delivered when the daemon comes", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      const folder = yield* makeTalkFolder(hub)
      const id = yield* say(hub, "bob")
      yield* startDaemon(folder)
      yield* untilDelivered(folder, [id])
      assert.deepStrictEqual(deliveries(folder).flatMap(({ ways }) => ways), ["direct"])
    }))

  it.live("of a broadcast and of the room is delivered once, and the reply goes to the sender, or into the room", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      const id = yield* sayToAll(hub, "bob")
      yield* sayInRoom(hub, "bob", "hello room")
      yield* until("both are delivered", () => delivered(folder).length === 2)
      assert.sameMembers(deliveries(folder).flatMap(({ ways }) => ways), ["broadcast", "room"])
      assert.include(delivered(folder), id)
      const [reply] = yield* untilSent(hub, 1)
      assert.strictEqual(reply?.to, "bob")
      yield* until("the room has the reply", () => daemon.events("message_sent").length === 2)
      assert.include(yield* saidInRoom(hub), "re: hello room")
    }))

  it.live("reaches the agent beside a task that is at work", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startTalk()
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      yield* untilSent(hub, 1)
      yield* until("it is shown at the task", () => folder.read(`tasks/${task.id}.messages.json`).includes(id))
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed")
      assert.strictEqual(folder.wakes(task.id).length, 1)
    }))
})

describe.concurrent("tier 0", () => {
  it.live("answers a ping without a process", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      const id = yield* say(hub, "bob", { type: "ping", payload: {} })
      const [pong] = yield* untilSent(hub, 1)
      assert.deepInclude(pong, { to: "bob", type: "pong", reply_to: id })
      assert.deepStrictEqual(deliveries(folder), [])
      assert.deepInclude(daemon.events("messages_received")[0], { message_id: id, outcome: "answered" })
    }))

  it.live("answers no ping to all", () =>
    Effect.gen(function*() {
      const { daemon, hub } = yield* startTalk()
      const id = yield* sayToAll(hub, "bob", { type: "ping", payload: {} })
      yield* until("it is kept", () => daemon.events("messages_received").some(({ message_id }) => message_id === id))
      assert.deepInclude(daemon.events("messages_received")[0], { outcome: "kept" })
    }))
})

describe.concurrent("ten senders at once", () => {
  const saidByTen = (hub: DevHub, type: string) =>
    Effect.forEach(senders, (sender) => say(hub, sender, { type }), { concurrency: 10 })

  const deliveredOnce = (hub: DevHub, folder: Folder, ids: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      yield* untilDelivered(folder, ids)
      assert.strictEqual(deliveries(folder).length, 1)
      const replies = yield* untilSent(hub, 10)
      assert.sameMembers(replies.map(({ to }) => to), senders)
    })

  it.live("of a chat: one delivery with ten messages", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startTalk({ batch_ms: 10_000 }, senders)
      yield* deliveredOnce(hub, folder, yield* saidByTen(hub, "chat"))
    }))

  it.live("of a request, while we were away: one delivery with ten messages", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf(...senders) })
      const folder = yield* makeTalkFolder(hub)
      const ids = yield* saidByTen(hub, "request")
      yield* startDaemon(folder)
      yield* deliveredOnce(hub, folder, ids)
    }))
})

describe.concurrent("a daemon that is killed", () => {
  it.live("in the middle of a delivery: the agent works on, and the reply is sent once", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      folder.touch("hold")
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      yield* daemon.kill
      yield* startDaemon(folder)
      yield* hub.waitFor(() => identifications(hub) === 2)
      yield* folder.remove("hold")
      yield* untilSent(hub, 1)
      const second = yield* say(hub, "bob")
      yield* untilDelivered(folder, [second])
      const replies = yield* untilSent(hub, 2)
      assert.deepStrictEqual(replies.map(({ reply_to }) => reply_to), [id, second])
      assert.deepStrictEqual(deliveries(folder).map(({ ids }) => ids), [[id], [second]])
    }))

  it.live("before the delivery: the message is delivered by the next, and not marked as delivered before", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({ batch_ms: 3_000 })
      const id = yield* say(hub, "bob")
      yield* until("it is recorded", () => daemon.events("messages_received").length === 1)
      yield* daemon.kill
      yield* startDaemon(folder)
      yield* untilDelivered(folder, [id])
      assert.deepStrictEqual(deliveries(folder).map(({ again, ids }) => ({ again, ids })), [{ again: [], ids: [id] }])
    }))
})

describe.concurrent("a message that kills its delivery", () => {
  it.live("holds up nobody else's, and is not delivered by itself again", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob", "ann") })
      const folder = yield* makeTalkFolder(hub)
      const [poison, good] = [yield* say(hub, "bob", { payload: { text: "poison" } }), yield* say(hub, "ann")]
      yield* startDaemon(folder)
      const [reply] = yield* untilSent(hub, 1)
      assert.strictEqual(reply?.reply_to, good)
      yield* until("it was delivered alone three times", () =>
        deliveries(folder).filter(({ ids }) => ids.length === 1 && ids[0] === poison).length === 3)
      const later = yield* say(hub, "bob")
      yield* untilDelivered(folder, [later])
      assert.strictEqual(
        deliveries(folder).filter(({ ids }) =>
          ids.includes(poison)
        ).length,
        6
      )
    }))
})

describe.concurrent("a reply that nobody would take", () => {
  it.live("is kept for people with the reason, and holds up no other", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      const large = yield* say(hub, "bob", { payload: { text: "at length" } })
      const small = yield* say(hub, "ann")
      yield* untilDelivered(folder, [large, small])
      const [reply] = yield* untilSent(hub, 1)
      assert.deepInclude(reply, { to: "ann", reply_to: small })
      yield* until("it is refused", () => daemon.events("message_refused").length === 1)
      const rejected = folder.file("outbox/rejected")
      const [name = ""] = readdirSync(rejected)
      const kept: unknown = JSON.parse(readFileSync(join(rejected, name), "utf8"))
      assert.deepInclude(kept, { reason: daemon.events("message_refused")[0]?.["reason"] })
      assert.lengthOf(readdirSync(rejected), 1)
    }))
})
