import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { tunnelTo } from "../../src/hub/proxy.ts"
import { proxyVariables } from "../support/proxy.ts"

const tunnelWith = (variables: Record<string, string>, address: string) =>
  Effect.gen(function*() {
    yield* proxyVariables(variables)
    return yield* tunnelTo(address, 10_000)
  })

describe("the way that the environment wants", () => {
  const ways: ReadonlyArray<readonly [Record<string, string>, address: string, shown: string, variable: string]> = [
    [{ HTTP_PROXY: "http://a:3128" }, "ws://hub:4000/ws", "http://a:3128", "HTTP_PROXY"],
    [{ HTTPS_PROXY: "a:3128" }, "wss://hub/ws", "http://a:3128", "HTTPS_PROXY"],
    [{ https_proxy: "http://b:1", HTTPS_PROXY: "http://a:1" }, "wss://hub/ws", "http://b:1", "https_proxy"],
    [{ ALL_PROXY: "http://c:1" }, "ws://hub/ws", "http://c:1", "ALL_PROXY"],
    [{ HTTP_PROXY: "a:3128", HTTPS_PROXY: "https://a:3128" }, "wss://hub/ws", "https://a:3128", "HTTPS_PROXY"],
    [{ HTTP_PROXY: "https://a:3128", ALL_PROXY: "a:3128" }, "ws://hub/ws", "https://a:3128", "HTTP_PROXY"]
  ]
  it.effect.each(ways)(
    "with %j to %s is by %s, as %s says",
    ([variables, address, shown, variable]) =>
      Effect.gen(function*() {
        expect(yield* tunnelWith(variables, address)).toMatchObject({ shown, variable })
      })
  )

  it.effect("goes around a proxy by the NO_PROXY that a failure advises, also for an address of IPv6", () =>
    Effect.gen(function*() {
      for (const hub of ["ws://hub.test:4000/ws", "ws://127.0.0.1:4000/ws", "ws://[::1]:4000/ws"]) {
        const fault = (yield* tunnelWith({ HTTP_PROXY: "http://a:3128" }, hub))?.fault("connect ECONNREFUSED")
        const [, advised = ""] = /NO_PROXY=(\S+)$/.exec(fault?.remedy ?? "") ?? []
        expect(hub).toContain(`//${advised}:4000`)
        expect(fault?.found).toContain(` to ${advised}:4000: `)
        expect(yield* tunnelWith({ HTTP_PROXY: "http://a:3128", NO_PROXY: advised }, hub)).toBeNull()
      }
    }))
})
