import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { agentId, type Daemon, type Folder, startDaemon, startHub, until } from "../support/daemon.ts"
import { delivered, deliveries, makeTalkFolder, untilDelivered, untilReceived } from "../support/deliveries.ts"
import { identifications } from "../support/outcomes.ts"
import { saidInRoom, say, sayInRoom, sentBy, tokensOf } from "../support/talk.ts"

interface Side {
  readonly folder: Folder
  readonly daemon: Daemon
}

/** A daemon for each of these agents, all of which answer whatever comes. "bob" has none. */
const startAgents = (agents: ReadonlyArray<string>, config: Record<string, unknown> = {}) =>
  Effect.gen(function*() {
    const hub = yield* startHub({ registerTokens: tokensOf("bob", ...agents) })
    const sides = yield* Effect.forEach([agentId, ...agents], (agent) =>
      Effect.gen(function*() {
        const own = agent === agentId ? {} : { agent_id: agent, token: `t-${agent}` }
        const folder = yield* makeTalkFolder(hub, { ...own, ...config })
        return { folder, daemon: yield* startDaemon(folder) }
      }))
    yield* hub.waitFor(() => identifications(hub) === sides.length)
    return { hub, sides }
  })

/** What another agent says is delivered, and nothing else with it: what was said before is held back, or there is nothing. */
const isAtRest = (hub: DevHub, to: string, { folder }: Side) =>
  Effect.gen(function*() {
    const before = delivered(folder)
    const id = yield* say(hub, "bob", { to, payload: { text: "are you awake?", respond_with: "natural" } })
    yield* untilDelivered(folder, [id])
    assert.deepStrictEqual(delivered(folder), [...before, id])
  })

describe.concurrent("agents that answer everything", () => {
  it.live("come to rest after eight answers to answers", () =>
    Effect.gen(function*() {
      const { hub, sides: [us, ann] } = yield* startAgents(["ann"])
      const id = yield* say(hub, "ann")
      yield* until("the last answer is kept", () =>
        [us, ann].some((side) =>
          side?.daemon.events("messages_received").some(({ reason }) =>
            reason === "it is the answer to 8 answers"
          )
        ))
      const answers = [...yield* sentBy(hub, agentId), ...yield* sentBy(hub, "ann")].filter(({ reply_to }) => reply_to)
      assert.sameMembers(answers.map(({ payload: { hops } }) => hops), [1, 2, 3, 4, 5, 6, 7, 8])
      assert.strictEqual(us && delivered(us.folder)[0], id)
      assert.lengthOf([us, ann].flatMap((side) => side === undefined ? [] : delivered(side.folder)), 8)
    }))

  it.live("without naming what they answer come to rest by the limit of a sender", () =>
    Effect.gen(function*() {
      const { hub, sides } = yield* startAgents(["ann"], { sender_per_hour: 3 })
      const [us, ann] = sides
      if (us === undefined || ann === undefined) return
      yield* us.folder.write("next", "ann")
      yield* ann.folder.write("next", agentId)
      yield* say(hub, "ann")
      yield* untilReceived(us.folder, "waiting", 4)
      yield* isAtRest(hub, "ann", ann)
      yield* isAtRest(hub, agentId, us)
      assert.lengthOf(deliveries(ann.folder), 3 + 1)
      assert.lengthOf(deliveries(us.folder), 3 + 1)
    }))

  it.live("in a ring of three come to rest by the limit of a sender", () =>
    Effect.gen(function*() {
      const { hub, sides } = yield* startAgents(["ann", "eve"], { sender_per_hour: 3 })
      const [us, ann, eve] = sides
      if (us === undefined || ann === undefined || eve === undefined) return
      yield* us.folder.write("next", "ann")
      yield* ann.folder.write("next", "eve")
      yield* eve.folder.write("next", agentId)
      yield* say(hub, "eve")
      yield* untilReceived(us.folder, "waiting", 4)
      for (const [to, side] of [["ann", ann], ["eve", eve], [agentId, us]] as const) yield* isAtRest(hub, to, side)
      for (const { folder } of sides) assert.lengthOf(deliveries(folder), 3 + 1)
    }))

  it.live("in the room come to rest by its limit, and hear nothing of their own", () =>
    Effect.gen(function*() {
      const { hub, sides } = yield* startAgents(["ann"], { room_per_hour: 3 })
      const [us, ann] = sides
      if (us === undefined || ann === undefined) return
      yield* sayInRoom(hub, "bob", "hello room")
      yield* until("both have had their share", () => sides.every(({ folder }) => delivered(folder).length === 3))
      yield* until("both have answered", () => sides.every(({ daemon }) => daemon.events("message_sent").length === 3))
      const before = identifications(hub)
      yield* hub.dropAgent("ann")
      yield* hub.dropAgent(agentId)
      yield* hub.waitFor(() => identifications(hub) === before + 2)
      yield* isAtRest(hub, "ann", ann)
      yield* isAtRest(hub, agentId, us)
      const said = yield* saidInRoom(hub)
      assert.lengthOf(said.match(/"text":/g) ?? [], 1 + 3 + 3)
    }))
})
