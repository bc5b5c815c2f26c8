import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runCommand } from "../support/commands.ts"
import { startDaemon, startHub, until } from "../support/daemon.ts"
import {
  delivered,
  deliveries,
  inboxOf,
  makeTalkFolder,
  startChanged,
  startTalk,
  statesIn,
  untilDelivered,
  untilReceived
} from "../support/deliveries.ts"
import { peakBytes } from "../support/memory.ts"
import { identifications } from "../support/outcomes.ts"
import {
  createChannel,
  mailOf,
  publish,
  request,
  say,
  sayMany,
  sentByUs,
  tokensOf,
  untilNoMail,
  untilSent
} from "../support/talk.ts"

const senders = Array.from({ length: 20 }, (_, n) => `agent-${n}`)
const large_ms = 10 * 60_000 // at most, for what moves 64 MiB through both processes several times
const grown_bytes = 150 * 1024 * 1024
const most_bytes = 280 * 1024 * 1024 // pm2 restarts it above 512 MB

describe("a thousand messages of twenty agents", () => {
  it.live("are all in the inbox; the agent is woken as often as the configuration allows", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({ max_deliveries_per_hour: 3 }, senders)
      folder.touch("mute")
      const idle = peakBytes(daemon.pid)
      const first = yield* sayMany(hub, senders, 25)
      yield* until("it is woken", () => deliveries(folder).length === 3)
      const all = [...first, ...yield* sayMany(hub, senders, 25)]
      yield* untilReceived(folder, "waiting", 1_000)
      assert.isBelow(peakBytes(daemon.pid) - idle, grown_bytes)
      assert.lengthOf(deliveries(folder), 3)
      yield* daemon.signal("SIGTERM")
      assert.strictEqual(yield* daemon.ended, 0)
      const states = statesIn(folder)
      assert.sameMembers([...states.keys()], all)
      const waiting = all.filter((id) => states.get(id) === "waiting")
      assert.sameMembers([...waiting, ...delivered(folder)], all)
    }))
})

describe.concurrent("a sender who floods", () => {
  it.live("is delivered as often as the configuration allows, and holds up nobody; the rest is in the inbox", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({ sender_per_hour: 10 })
      folder.touch("mute")
      const ids = yield* sayMany(hub, ["bob"], 40)
      yield* untilReceived(folder, "waiting", 40)
      yield* until("ten are delivered", () => delivered(folder).length === 10)
      yield* until("they are over", () => daemon.events("answer_found").length === deliveries(folder).length)
      const other = yield* say(hub, "ann")
      yield* untilDelivered(folder, [other])
      assert.sameMembers([...delivered(folder)], [...ids.slice(0, 10), other])
      const { out } = yield* runCommand(["inbox", "--config", folder.file("config.json")])
      assert.include(out, "30 to be delivered")
      assert.lengthOf(out.match(/\bwaiting\b/g) ?? [], 30)
      assert.include(out, `30 held back by sender_per_hour of "bob".`)
      yield* untilSent(hub, 1)
      const [notice] = yield* sentByUs(hub)
      assert.deepInclude(notice, { to: "bob", type: "notify" })
    }))

  it.live("by a hundred messages in a channel pushes no direct one out", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({ batch_max: 200 }, senders)
      folder.touch("mute")
      yield* daemon.kill
      yield* createChannel(hub, "agent-0", "ops")
      yield* request(hub, "tester", "/api/channels/ops/subscribe", {})
      const direct = yield* say(hub, "agent-1")
      yield* Effect.forEach(senders, (sender) =>
        Effect.forEach(Array(5).keys(), (n) => publish(hub, sender, "ops", `${sender} ${n}`)))
      assert.strictEqual(yield* mailOf(hub, "tester"), 100)
      yield* startChanged(folder, { channels: ["ops"] })
      yield* until("all are delivered", () =>
        delivered(folder).length >= 101)
      yield* untilReceived(folder, "waiting", 101)
      assert.strictEqual(new Set(delivered(folder)).size, 101)
      assert.lengthOf(delivered(folder), 101)
      assert.include(delivered(folder), direct)
      assert.lengthOf(deliveries(folder).flatMap(({ ways }) => ways).filter((way) => way === "channel"), 100)
    }))
})

describe("a mailbox of a hundred large messages", () => {
  it.live("is taken in without the memory that it would need at once", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf(...senders) })
      const folder = yield* makeTalkFolder(hub, { batch_max: 100 })
      folder.touch("mute")
      const daemon = yield* startDaemon(folder, { NODE_OPTIONS: "--max-semi-space-size=1" }) // as under pm2
      yield* hub.waitFor(() => identifications(hub) === 1)
      yield* daemon.signal("SIGSTOP")
      yield* hub.dropAgent("tester")
      const ids = yield* sayMany(hub, senders, 5, "large ".repeat(70_000))
      yield* daemon.signal("SIGCONT")
      yield* hub.waitFor(() => identifications(hub) === 2)
      yield* untilDelivered(folder, ids)
      assert.isBelow(peakBytes(daemon.pid), most_bytes)
      assert.lengthOf(delivered(folder), 100)
      yield* untilNoMail(hub)
    }), large_ms)
})

describe("an inbox that is full", () => {
  it.live(
    "takes nothing more and tells the sender; once there is room, what was left out is delivered",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startTalk()
        folder.touch("mute")
        folder.touch("hold")
        const ids = yield* sayMany(hub, ["bob"], 8, "x".repeat(7_500_000))
        yield* untilReceived(folder, "waiting", 8)
        const late = yield* say(hub, "bob", { payload: { text: "y".repeat(7_500_000) } })
        yield* untilReceived(folder, "left_out")
        assert.isNotNull((yield* inboxOf(folder)).held.missed_from)
        // What was pushed may be a broadcast, to which nobody is told anything, until it is found in the history a minute later.
        const [refusal] = yield* untilSent(hub, 1)
        assert.deepInclude(refusal, { to: "bob", type: "refused", reply_to: late })
        yield* folder.remove("hold")
        yield* untilDelivered(folder, [...ids, late])
        yield* until("nothing is owed", () => daemon.events("answer_found").length === deliveries(folder).length)
        assert.sameMembers([...delivered(folder)], [...ids, late])
        assert.lengthOf(yield* sentByUs(hub), 1)
      }),
    large_ms
  )
})
