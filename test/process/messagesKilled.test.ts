import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { mkdirSync } from "node:fs"
import { agentId, startDaemon, startHub, until } from "../support/daemon.ts"
import { deliveries, makeTalkFolder, untilDelivered } from "../support/deliveries.ts"
import { makeRelay } from "../support/relay.ts"
import { say, sentByUs, tokensOf, untilSent } from "../support/talk.ts"

const rounds = 20
const timeout_ms = 15 * 60_000 // it starts a daemon twenty times, one after the other
const seed = 20261130
const later_ms = 400 // at most, after a line of the log

/** Where a daemon is killed: at a request of it, before the hub gets it or before its answer comes, or at a line of its log. */
const moments = [
  ["before", `GET /api/mailbox/${agentId}`],
  ["after", `GET /api/mailbox/${agentId}`],
  ["before", `POST /api/mailbox/${agentId}/ack`],
  ["after", `POST /api/mailbox/${agentId}/ack`],
  ["before", "GET /api/messages"],
  ["after", "GET /api/messages"],
  ["before", "POST /api/message"],
  ["after", "POST /api/message"],
  ["after", "messages_received"],
  ["after", "wake_attempt"],
  ["after", "answer_found"],
  ["after", "message_sent"]
] as const

describe("a daemon that is killed at any moment", () => {
  it.live(
    "loses no message and no reply, delivers nothing again without the mark, and sends nothing twice",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub({ registerTokens: tokensOf("bob") })
        const relay = yield* makeRelay(hub)
        const folder = yield* makeTalkFolder(hub, { hub_api_url: relay.url })
        const ids: Array<string> = []

        /** A message while nobody is there, one of our own, and another message; and a death at the moment. */
        const round = Effect.fnUntraced(function*(number: number) {
          const [when, what] = moments[number % moments.length] ?? moments[0]
          const wait_ms = yield* Random.nextIntBetween(0, later_ms)
          let pid = Number.NaN // 0 would be the group of this process
          let isDue = false
          yield* relay.meet(async (name, pass) => {
            const isIt = isDue && name === what
            if (isIt && when === "before") process.kill(pid, "SIGKILL")
            const answer = isIt && when === "before" ? "cut" as const : await pass()
            if (isIt) process.kill(pid, "SIGKILL")
            return isIt ? "cut" : answer
          })
          ids.push(yield* say(hub, "bob", { payload: { text: `away ${number}` } }))
          const daemon = yield* startDaemon(folder)
          pid = daemon.pid
          isDue = true
          yield* folder.write(`outbox/own-${number}.json`, JSON.stringify({ to: "bob", text: `own ${number}` }))
          ids.push(yield* say(hub, "bob", { payload: { text: `there ${number}` } }))
          if (!what.includes(" ")) {
            yield* until(what, () => daemon.events(what).length > 0)
            yield* Effect.sleep(wait_ms)
            yield* daemon.kill
          }
          yield* daemon.ended
        })

        mkdirSync(folder.file("outbox"))
        yield* Effect.forEach(Array(rounds).keys(), round).pipe(Random.withSeed(seed))
        yield* relay.meet((_, pass) => pass())
        yield* startDaemon(folder)
        yield* untilDelivered(folder, ids)
        const sent = yield* untilSent(hub, ids.length + rounds)

        const seen = new Set<string>()
        for (const { again, ids: delivered } of deliveries(folder)) {
          assert.includeMembers([...again], delivered.filter((id) => seen.has(id)))
          for (const id of delivered) seen.add(id)
        }
        assert.sameMembers([...seen], ids)
        const replies = sent.filter(({ reply_to }) => reply_to !== null).map(({ reply_to }) => reply_to)
        assert.sameMembers(replies, ids)
        const own = sent.filter(({ reply_to }) => reply_to === null).map(({ payload: { text } }) => text)
        assert.sameMembers(own, Array.from({ length: rounds }, (_, number) => `own ${number}`))
        assert.lengthOf(yield* sentByUs(hub), ids.length + rounds)
      }),
    timeout_ms
  )
})
