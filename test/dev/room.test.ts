import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { DevHub } from "../../src/dev/DevHub.ts"
import * as room from "../../src/dev/room.ts"
import { call, hubWith, join, records, typesSoFar } from "./harness.ts"

describe("the room", () => {
  const hub = records()
  for (let n = 1; n <= 600; n++) room.say(hub, "a", `n${n}`, "chat", n)

  const questions = [
    [0, 3, [598, 599, 600]],
    [598, 50, [599, 600]],
    [0, -2, [101, 102]],
    [0, 0, []],
    [999_999, 50, []]
  ] as const
  it.each(questions)("asked for what is after %d with the limit %d answers %o", (since, limit, seqs) => {
    const { last_seq, messages } = room.read(hub, since, limit)
    expect([last_seq, messages.map(({ seq }) => seq)]).toEqual([600, seqs])
  })

  it("keeps the last 500", () => expect(room.read(hub, 0, 1000).messages).toHaveLength(500))

  const say = (devHub: DevHub, text: unknown) => call(devHub, "POST", "/api/room/message", "token a", { text })

  it.live("has no limit of rate, is read without a token, and shows 50 without a limit", () =>
    Effect.gen(function*() {
      const devHub = yield* hubWith()
      const said = yield* Effect.all(Array.from({ length: 130 }, (_, n) => say(devHub, `n${n}`)), { concurrency: 10 })
      expect(new Set(said.map(([status]) => status))).toEqual(new Set([201]))
      const [status, read] = yield* call(devHub, "GET", "/api/room/messages")
      expect([status, read]).toMatchObject([200, { last_seq: 130, messages: { length: 50 } }])
      expect(yield* call(devHub, "GET", "/api/room/messages?since=abc")).toEqual([500, undefined])
    }))

  it.live.each(["", 5, undefined])("takes no %o for a text", (text) =>
    Effect.gen(function*() {
      const devHub = yield* hubWith()
      expect(yield* say(devHub, text)).toEqual([422, { error: "text is required" }])
    }))

  it.live("tells all but the one in whose name a person speaks", () =>
    Effect.gen(function*() {
      const devHub = yield* hubWith()
      const a = yield* join(devHub, "a")
      const b = yield* join(devHub, "b")
      yield* call(devHub, "POST", "/api/room/message/human", "token a", { from: "b", text: "I am b" })
      expect(yield* typesSoFar(a)).toEqual(["agent_joined", "room_message"])
      expect(yield* typesSoFar(b)).toEqual([])
    }))

  it.live("begins again at 1 when the hub restarts, which a remembered number does not show", () =>
    Effect.gen(function*() {
      const devHub = yield* hubWith()
      for (const text of ["old 1", "old 2", "old 3"]) yield* say(devHub, text)
      yield* devHub.restart
      for (const text of ["new 1", "new 2", "new 3", "new 4"]) yield* say(devHub, text)
      expect((yield* call(devHub, "GET", "/api/room/messages?since=3"))[1]).toMatchObject({
        last_seq: 4,
        messages: [{ seq: 4, text: "new 4" }]
      })
      expect((yield* call(devHub, "GET", "/api/room/messages?since=2"))[1]).toMatchObject({
        messages: [{ seq: 3, text: "new 3" }, { seq: 4 }]
      })
    }))
})
