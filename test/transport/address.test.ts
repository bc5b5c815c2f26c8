import { describe, expect, it } from "@effect/vitest"
import { unencrypted } from "../../src/hub/network.ts"

describe("what is said in the clear", () => {
  const rows: ReadonlyArray<readonly [hub_url: string, hub_api_url: string, told: ReadonlyArray<string>]> = [
    ["wss://hub.example/ws", "https://hub.example", []],
    ["ws://127.0.0.1:4000/ws", "http://localhost:4000", []],
    ["ws://[::1]:4000/ws", "http://127.8.7.6", []],
    ["ws://hub.example/ws?key=s3cret", "http://hub.example", ["ws://hub.example/ws", "http://hub.example/"]],
    ["ws://192.168.0.7:4000/ws", "https://192.168.0.7", ["ws://192.168.0.7:4000/ws"]],
    ["wss://hub.example/ws", "http://hub.example:8080/api", ["http://hub.example:8080/api"]],
    ["ws://127.0.0.1.example/ws", "http://localhost.example", [
      "ws://127.0.0.1.example/ws",
      "http://localhost.example/"
    ]]
  ]
  it.each(rows)("with %s and %s is %j", (hub_url, hub_api_url, told) => {
    expect(unencrypted({ hub_url, hub_api_url })).toEqual(told)
  })
})
