import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeFolder, startDaemon, startHub, until } from "../support/daemon.ts"

describe("a hub that is reached in the clear", () => {
  it.live("on another machine is told of at the start, with what to do", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, {
        hub_url: "ws://hub.invalid:4000/ws",
        hub_api_url: "https://hub.invalid:4000"
      })
      const daemon = yield* startDaemon(folder)
      yield* until("it has tried", () => daemon.events("ws_closed").length > 0)
      const [told, ...more] = daemon.events("hub_unencrypted")
      assert.strictEqual(told?.["url"], "ws://hub.invalid:4000/ws")
      assert.match(String(told?.["remedy"]), /^use wss:/)
      assert.lengthOf(more, 0)
    }))

  it.live("on this machine is not", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const daemon = yield* startDaemon(yield* makeFolder(hub))
      yield* until("it is there", () => daemon.events("identified").length > 0)
      assert.lengthOf(daemon.events("hub_unencrypted"), 0)
    }))
})
