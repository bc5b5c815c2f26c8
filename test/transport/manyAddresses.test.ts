import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connectionCheck } from "../../src/doctor/network.ts"
import { hubRequest } from "../../src/hub/hubHttp.ts"
import { connectOptions } from "../../src/hub/network.ts"
import { hubTiming } from "../../src/hub/timing.ts"
import { settings, startHub } from "../layers/hubRig.ts"
import { eventually, startServer } from "../layers/hubServer.ts"
import { named } from "../support/names.ts"
import { describeWith } from "../support/needs.ts"
import { proxyVariables, startProxy } from "../support/proxy.ts"
import { silentHost } from "../support/silentHost.ts"

const name = "far.test"

/** How the addresses of a name behave. A `silent` host does not answer for so long. */
interface Far {
  readonly what: string
  readonly addresses: ReadonlyArray<string>
  readonly silent: ReadonlyArray<readonly [address: string, for_ms?: number]>
}

// The system repeats the unanswered SYN after a second, so such a connection takes as long as one to a distant host.
const fars: ReadonlyArray<Far> = [
  {
    what: "answers after a second, and the other refuses at once",
    addresses: ["127.0.0.2", "127.0.0.3"],
    silent: [["127.0.0.2", 500]]
  },
  {
    what: "never answers, and the other does",
    addresses: ["127.0.0.2", "127.0.0.1"],
    silent: [["127.0.0.2"]]
  },
  {
    what: "refuses, the second answers after a second and the third never does",
    addresses: ["127.0.0.4", "127.0.0.2", "127.0.0.3"],
    silent: [["127.0.0.2", 500], ["127.0.0.3"]]
  }
]

const far = ({ addresses, silent }: Far, port: number) =>
  Effect.gen(function*() {
    for (const [address, for_ms] of silent) yield* silentHost(address, port, for_ms)
    yield* named(name, addresses)
  })

const elsewhere = (url: string): string => url.replace("127.0.0.1", name)

describeWith("second loopback", "a name of which the first address", () => {
  describe.each(fars)("$what, is reached", (row) => {
    it.live("by the WebSocket", () =>
      Effect.gen(function*() {
        const server = yield* startServer()
        yield* far(row, server.port)
        const hub = yield* startHub({ settings: { hub_url: elsewhere(server.hub_url) } })
        yield* eventually(() => hub.tags().includes("Identified"))
        expect(hub.logged("ws_closed")).toEqual([])
      }))

    it.live("by HTTP", () =>
      Effect.gen(function*() {
        const server = yield* startServer()
        yield* far(row, server.port)
        const api_url = elsewhere(server.hub_api_url)
        expect(yield* hubRequest({ api_url, path: "", tls: settings, timeout_ms: 10_000 })).toMatchObject({
          status: 404
        })
      }))

    it.live("where it is a proxy's", () =>
      Effect.gen(function*() {
        const proxy = yield* startProxy()
        const server = yield* startServer()
        yield* far(row, Number(new URL(proxy.url).port))
        yield* proxyVariables({ HTTP_PROXY: elsewhere(proxy.url) })
        const hub = yield* startHub({ settings: server })
        yield* eventually(() => hub.tags().includes("Identified"))
        expect(hub.logged("ws_closed")).toEqual([])
      }))

    it.live("by doctor", () =>
      Effect.gen(function*() {
        const server = yield* startServer()
        yield* far(row, server.port)
        const subject = { config: "", folder: "", final_exit_codes: [] }
        const hub_url = elsewhere(server.hub_url)
        expect(yield* connectionCheck.run({ ...subject, settings: { ...settings, hub_url } }))
          .toMatchObject({ verdict: "ok" })
      }))
  })
})

describe("each address of a name", () => {
  const shares: ReadonlyArray<readonly [count: number, within_ms: number, share_ms: number]> = [
    [1, 10_000, 2_500],
    [2, 10_000, 2_500],
    [4, 10_000, 2_500],
    [5, 10_000, 2_000],
    [8, 4_000, 500]
  ]
  it.live.each(shares)(
    "of %i may take, where all have %i ms, %i ms",
    ([count, within_ms, share_ms]) =>
      Effect.gen(function*() {
        yield* named(name, Array.from({ length: count }, (_, n) => `127.0.0.${n + 1}`))
        expect(yield* Effect.promise(() => connectOptions(name, within_ms))).toMatchObject({
          autoSelectFamily: true,
          autoSelectFamilyAttemptTimeout: share_ms
        })
      })
  )

  it.live("is named where all refuse", () =>
    Effect.gen(function*() {
      yield* named(name, ["127.0.0.1", "::1"])
      const hub = yield* startHub({ settings: { hub_url: `ws://${name}:1/ws` } })
      yield* eventually(() => hub.logged("ws_closed").length > 0)
      expect(hub.logged("ws_closed")[0]).toEqual({
        event: "ws_closed",
        code: 1006,
        reason: expect.stringMatching(
          /^connect ECONNREFUSED 127\.0\.0\.1:1; connect (?:ECONNREFUSED|EADDRNOTAVAIL) ::1:1/
        )
      })
    }))

  it.live("is none where the name has none", () =>
    Effect.gen(function*() {
      yield* named(name, [])
      const hub = yield* startHub({ settings: { hub_url: `ws://${name}:1/ws` } })
      yield* eventually(() => hub.logged("ws_closed").length > 0)
      expect(hub.logged("ws_closed")[0]?.reason).toBe(`getaddrinfo ENOTFOUND ${name}`)
      const asked = { api_url: `http://${name}:1`, path: "", tls: settings, timeout_ms: 10_000 }
      expect(yield* Effect.flip(hubRequest(asked))).toMatchObject({
        code: "ENOTFOUND",
        reason: `getaddrinfo ENOTFOUND ${name}`
      })
    }))

  it("is taken at its word where it is none of a name", async () => {
    expect(await connectOptions("127.0.0.1", hubTiming.open_timeout_ms)).toEqual({})
  })
})
