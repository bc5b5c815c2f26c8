import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { agentId, startDaemon, startHub, submit, token, until } from "../support/daemon.ts"
import { delivered, deliveries, makeTalkFolder, talkAgent, untilDelivered } from "../support/deliveries.ts"
import { describeWith } from "../support/needs.ts"
import { doneWithOneWake, identifications } from "../support/outcomes.ts"
import { makeRelay } from "../support/relay.ts"
import { diskFaults, elsewhere, startOnSmallDisk } from "../support/smallDisk.ts"
import { mailOf, say, sayMany, tokensOf, untilSent } from "../support/talk.ts"

describe.concurrent("a link that is lost half-open", () => {
  it.live("takes a direct message with it, which the history has; and the next, while the hub pushes to the old link", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      const relay = yield* makeRelay(hub)
      const folder = yield* makeTalkFolder(hub, { hub_api_url: relay.url })
      const daemon = yield* startDaemon(folder)
      yield* until("it has caught up", () => relay.requests.includes("GET /api/room/messages"))
      yield* hub.freezeAgent(agentId)
      const lost = yield* say(hub, "bob")
      yield* untilDelivered(folder, [lost])
      assert.lengthOf(daemon.events("heartbeat_timeout"), 1)
      yield* until("the test of the link is overdue", () => daemon.events("delivery_test_overdue").length === 1)
      const next = yield* say(hub, "bob")
      assert.strictEqual(yield* mailOf(hub, agentId), 0)
      yield* untilDelivered(folder, [next])
      yield* hub.thawAndClose(agentId)
      const later = yield* say(hub, "bob")
      yield* untilDelivered(folder, [later])
      assert.sameMembers([...delivered(folder)], [lost, next, later])
    }))
})

describe.concurrent("a hub that refuses a reply with 429", () => {
  it.live("gets the others a minute later, each once; and a task that was queued meanwhile is taken", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob", "ann") })
      const relay = yield* makeRelay(hub)
      const folder = yield* makeTalkFolder(hub, { hub_api_url: relay.url })
      let replies = 0
      const useUp = async () => {
        for (let status = 0; status !== 429;) {
          const { body, status: now } = await fetch(`${hub.httpUrl}/api/tasks/none`, {
            headers: { authorization: `Bearer ${token}` }
          })
          await body?.cancel()
          status = now
        }
      }
      yield* relay.meet(async (name, pass) => {
        if (name === "POST /api/message" && ++replies === 3) await useUp()
        return pass()
      })
      const ids = yield* sayMany(hub, ["bob"], 5)
      const daemon = yield* startDaemon(folder)
      yield* until("it is refused", () => daemon.events("rate_limited").length === 1)
      assert.lengthOf(yield* untilSent(hub, 2), 2)
      const task = yield* submit(hub)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.lengthOf(daemon.events("reconnecting"), 1)
      const sent = yield* untilSent(hub, 5)
      assert.sameMembers(sent.map(({ reply_to }) => reply_to), [...ids])
    }))
})

describeWith("mount", "a full disk", () => {
  it.live("takes no message in; the hub has it, and it is delivered when there is room", () =>
    Effect.gen(function*() {
      const fault = diskFaults.find(({ name }) => name === "a full disk")
      assert.isDefined(fault)
      const { daemon, disk, folder, hub } = yield* startOnSmallDisk(
        {},
        {
          ...elsewhere,
          message_command: `cd .. && exec "${process.execPath}" talk.mjs`,
          batch_ms: 200
        },
        {},
        { registerTokens: tokensOf("bob") }
      )
      yield* folder.write("talk.mjs", talkAgent)
      yield* hub.waitFor(() => identifications(hub) === 1)
      fault?.begin(disk)
      const lost = yield* say(hub, "bob")
      yield* until("it says so", () => daemon.events("messages_unrecorded").length > 0)
      assert.isEmpty(deliveries(folder))
      fault?.end(disk)
      yield* untilDelivered(folder, [lost])
      assert.deepStrictEqual(delivered(folder), [lost])
    }))
})
