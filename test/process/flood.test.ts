import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { setTimeout as wait } from "node:timers/promises"
import { WebSocketServer } from "ws"
import { agentId, makeFolder, startDaemon, startHub, until } from "../support/daemon.ts"
import { peakBytes } from "../support/memory.ts"

const flood_ms = 4_000
/** For how long a busy machine may keep a process from its processor; a loop that is flooded without end stands for longer. */
const machine_ms = 5_000
const grown_bytes = 150 * 1024 * 1024

/** What a hub may send without end, as the text of a frame. */
const frames: ReadonlyArray<readonly [string, string]> = [
  ["errors of 3 KB", JSON.stringify({ type: "error", error: "e".repeat(3_000) })],
  ["frames of an unknown type", `{"type":"zzz"}`],
  ["text that is no JSON", "nonsense"],
  ["assignments without a task", `{"type":"task_assign"}`],
  [
    "tasks of an id that is none",
    JSON.stringify({ type: "task_assign", task_id: `../${"x".repeat(3_000)}`, generation: 1 })
  ],
  ["rate limits", `{"type":"rate_limited","retry_after_ms":1}`],
  ["pongs", `{"type":"pong"}`]
]

/** Lets frames come as fast as they are taken, but for what waits in our own memory. */
const send = async (flooded: () => number, push: () => void, until_ms: number) => {
  while (performance.now() < until_ms) {
    for (let count = 0; count < 200 && flooded() < 4e6; count++) push()
    await wait(5)
  }
}

/** A hub that identifies whoever comes, and floods the first. */
const startFlood = (text: string | null) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<{ readonly url: string; readonly flooded: Promise<void>; readonly close: () => void }>((resolved) => {
        const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
        let flooding: (over: Promise<void>) => void = () => {}
        const flooded = new Promise<void>((done) => flooding = done)
        server.on("connection", (socket) => {
          socket.on("error", () => {})
          socket.once("message", () => {
            socket.send(JSON.stringify({ type: "identified", agent_id: agentId }))
            const end = performance.now() + flood_ms
            if (text === null) socket.pause()
            flooding(send(() => socket.bufferedAmount, () => {
              if (text === null) socket.ping(Buffer.alloc(125))
              else socket.send(text)
            }, end))
          })
        })
        server.on("listening", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resolved({
            url: `ws://127.0.0.1:${port}/ws`,
            flooded,
            close: () => {
              for (const client of server.clients) client.terminate()
              server.close()
            }
          })
        })
      })
    ),
    ({ close }) => Effect.sync(close)
  )

describe("a hub that floods us", () => {
  const survives = (text: string | null) =>
    Effect.gen(function*() {
      const quiet = yield* startHub()
      const flood = yield* startFlood(text)
      const folder = yield* makeFolder(quiet, {}, { hub_url: flood.url })
      const daemon = yield* startDaemon(folder)
      yield* until("it is identified", () => daemon.events("identified").length === 1)
      const idle = peakBytes(daemon.pid)
      yield* Effect.promise(() => flood.flooded)
      yield* daemon.signal("SIGTERM")
      assert.isBelow(peakBytes(daemon.pid) - idle, grown_bytes)
      yield* daemon.ended // by its code, or by SIGKILL where this machine is busy with its files
      assert.lengthOf(daemon.events("shutdown"), 1)
      assert.isBelow(folder.read("sidecar.log").length, 30_000)
      for (const { ms } of daemon.events("loop_stalled")) assert.isBelow(Number(ms), machine_ms)
      return daemon
    })

  for (const [name, text] of frames) {
    it.live(`with ${name} neither fills the log, nor the memory, and is heard to the end`, () => survives(text), 60_000)
  }
  it.live("with pings, and reads nothing of their answers, does not fill the memory", () => survives(null), 60_000)
})
