import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { agentId, frames, startDaemon, startHub, submit, until } from "../support/daemon.ts"
import { delivered, deliveries, makeTalkFolder, startTalk, untilDelivered } from "../support/deliveries.ts"
import { countOf, doneWithOneWake, untilAtWork } from "../support/outcomes.ts"
import { makeRelay } from "../support/relay.ts"
import {
  createChannel,
  mailOf,
  publish,
  request,
  say,
  sayToAll,
  sentBy,
  sentByUs,
  tokensOf,
  untilNoMail
} from "../support/talk.ts"

const ack = `POST /api/mailbox/${agentId}/ack`
const mailbox = `GET /api/mailbox/${agentId}`

describe.concurrent("a hub that restarts", () => {
  it.live("counts its mailboxes anew, and loses us no message by that", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      yield* daemon.kill
      const first = yield* say(hub, "bob")
      const second = yield* startDaemon(folder)
      yield* untilDelivered(folder, [first])
      yield* untilNoMail(hub)
      yield* second.kill
      yield* hub.restart
      const next = yield* say(hub, "bob")
      yield* startDaemon(folder)
      yield* untilDelivered(folder, [next])
      yield* untilNoMail(hub)
      assert.deepStrictEqual(delivered(folder), [first, next])
    }))

  it.live("while it acknowledges: the acknowledgement is not repeated, and deletes nothing that was not read", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      const relay = yield* makeRelay(hub)
      const folder = yield* makeTalkFolder(hub, { hub_api_url: relay.url })
      const first = yield* say(hub, "bob")
      const acknowledged = Promise.withResolvers<void>()
      let pid = Number.NaN // 0 would be the group of this process
      yield* relay.meet(async (name, pass) => {
        if (name !== ack) return pass()
        await pass()
        process.kill(pid, "SIGSTOP")
        acknowledged.resolve()
        return "cut"
      })
      const daemon = yield* startDaemon(folder)
      pid = daemon.pid
      yield* Effect.promise(() => acknowledged.promise)
      yield* relay.meet((_, pass) => pass())
      yield* hub.restart
      const next = yield* say(hub, "bob")
      assert.strictEqual(yield* mailOf(hub, agentId), 1)
      yield* daemon.signal("SIGCONT")
      yield* untilDelivered(folder, [first, next])
      yield* untilNoMail(hub)
      const asked = relay.requests.filter((name) => name === ack || name === mailbox)
      assert.notInclude(asked.join(" "), `${ack} ${ack}`)
      assert.lengthOf(delivered(folder), 2)
    }))

  it.live("right after a subscription, and has lost it: it is subscribed again", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      yield* createChannel(hub, "bob", "ops")
      yield* hub.advance(10_000) // the channel is saved
      const folder = yield* makeTalkFolder(hub, { channels: ["ops"] })
      yield* startDaemon(folder)
      yield* hub.waitFor(() => frames(hub, "in").some(({ type }) => type === "channel_subscribed"))
      yield* hub.kill
      yield* hub.waitFor(() => countOf(hub, "channel_subscribe") === 2)
      yield* hub.waitFor(() => frames(hub, "in").filter(({ type }) => type === "channel_subscribed").length === 2)
      yield* publish(hub, "bob", "ops", "all hands")
      yield* until("it is delivered", () => delivered(folder).length === 1)
      assert.deepStrictEqual(deliveries(folder).flatMap(({ ways }) => ways), ["channel"])
    }))
})

describe.concurrent("a channel that the hub does not have", () => {
  it.live("is told in the log, and all else goes on", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({ channels: ["nowhere"] })
      yield* until("it says so", () => daemon.events("channel_refused").length === 1)
      assert.deepInclude(daemon.events("channel_refused")[0], { channel: "nowhere", reason: "channel_not_found" })
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      const task = yield* submit(hub)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
    }))
})

describe.concurrent("a broadcast", () => {
  it.live("that goes around while we connect comes from the history, once", () =>
    Effect.gen(function*() {
      // The hub puts a broadcast into the mailboxes of those who are away, one after the other, and we are the last.
      const away = Array.from({ length: 200 }, (_, n) => `away-${n}`)
      const registerTokens = Object.fromEntries(Object.entries(tokensOf("bob", ...away)).toReversed())
      const hub = yield* startHub({ registerTokens, messageCostMs: 1_000 })
      const folder = yield* makeTalkFolder(hub)
      folder.touch("mute")
      const said = yield* Effect.forkChild(sayToAll(hub, "bob"))
      yield* Effect.repeat(sentBy(hub, "bob"), { until: ({ length }) => length === 1 })
      yield* startDaemon(folder)
      yield* until("it is delivered", () => delivered(folder).length === 1)
      assert.deepStrictEqual(deliveries(folder).flatMap(({ ways }) => ways), ["broadcast"])
      assert.isEmpty(frames(hub, "in").filter(({ type }) => type === "message"))
      assert.isUndefined(said.pollUnsafe())
      yield* hub.advance(300_000)
      yield* Fiber.join(said)
      assert.strictEqual(yield* mailOf(hub, agentId), 0)
      const later = yield* say(hub, "bob")
      yield* untilDelivered(folder, [later])
      assert.lengthOf(delivered(folder), 2)
    }))
})

describe.concurrent("a storm in which the hub answers 500", () => {
  it.live("takes no task from us; the reply comes to whoever waits for it once", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({}, ["bob", "ann", "cat"], { messageCostMs: 2_000 })
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      const id = yield* say(hub, "bob")
      folder.touch("hold")
      yield* untilDelivered(folder, [id])
      const more = request(hub, "ann", "/api/message", { to: "cat", payload: {} })
      yield* Effect.forkChild(Effect.forEach(Array(40).keys(), () => more, { concurrency: "unbounded" }))
      yield* Effect.repeat(more, { until: ({ status }) => status === 500 })
      yield* folder.remove("hold")
      yield* until("the hub has answered 500", () => daemon.events("message_unsent").length === 1)
      assert.deepInclude(daemon.events("message_unsent")[0], { reason: "HTTP 500" })
      yield* hub.advance(300_000)
      yield* until("it is sent", () => daemon.events("message_sent").length === 1)
      const sent = yield* sentByUs(hub)
      assert.isAtMost(sent.length, 2)
      assert.deepStrictEqual([...new Set(sent.map(({ payload }) => payload["agentcom_key"]))], [`reply-${id}`])
      assert.strictEqual(yield* mailOf(hub, "bob"), 1)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.strictEqual(hub.task(task.id)?.generation, 1)
    }))
})
