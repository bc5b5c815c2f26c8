import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createServer, type Socket } from "node:net"
import { max_frame_bytes } from "../../src/hub/socket.ts"
import type { Timing } from "../../src/hub/timing.ts"
import { hubTiming } from "../../src/hub/timing.ts"
import { identify, startHub, task } from "./hubRig.ts"
import { ca, eventually, obliging, startServer } from "./hubServer.ts"

const timing: Partial<Timing> = { reconnect_first_ms: 20, reconnect_cap_ms: 50 }
const quickHeartbeat: Partial<Timing> = { ...timing, ping_interval_ms: 100, pong_timeout_ms: 300 }
/** So long that a test which ends much sooner has not waited for it. */
const slowClose = { close_timeout_ms: 60_000 }
const ack = (task_id: string, padding = "") => JSON.stringify({ type: "task_ack", task_id, status: "x", padding })

const openTcpSockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length

/** A TCP server with its own protocol. */
const rawServer = (onConnection: (socket: Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => {
        const open = new Set<Socket>()
        const server = createServer((socket) => {
          open.add(socket)
          socket.on("error", () => {})
          onConnection(socket)
        })
        return new Promise<{ readonly server: typeof server; readonly open: Set<Socket> }>((resolve) =>
          server.listen(0, "127.0.0.1", () => resolve({ server, open }))
        )
      }),
      ({ open, server }) =>
        Effect.promise(() => {
          for (const socket of open) socket.destroy()
          return new Promise<void>((resolve) => server.close(() => resolve()))
        })
    ),
    ({ server }) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? address.port : 0
    }
  )

const clocked = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([took]) => Duration.toMillis(took))

describe("a real socket", () => {
  it.live("carries frames both ways", () =>
    Effect.gen(function*() {
      const received: Array<string> = []
      const server = yield* startServer({
        onConnection: (socket) => {
          obliging(socket)
          socket.on("message", (data) => received.push(JSON.parse(String(data)).type))
        }
      })
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      yield* rig.hub.send({ _tag: "AcceptTask", task })
      yield* eventually(() => received.includes("task_accepted"))
      server.sockets[0]?.send(ack("t"))
      yield* eventually(() => rig.tags().includes("TaskAcknowledged"))
      expect(received.filter((type) => type !== "ping")).toEqual(["identify", "task_accepted"])
      expect(rig.logged("ws_connected")).toEqual([{ event: "ws_connected", url: server.hub_url }])
    }))

  it.live("is closed with 1000 when the reader is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      yield* rig.stop
      yield* eventually(() => server.closes.length > 0)
      expect(server.closes).toEqual([{ code: 1000, reason: "" }])
      expect(rig.logged("ws_closed")).toEqual([{ event: "ws_closed", code: 1000, reason: "shutting down" }])
    }))

  it.live("is terminated after 500 ms where the hub does not answer the close", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      server.sockets[0]?.pause()
      const open = openTcpSockets()
      const took_ms = yield* clocked(rig.stop)
      expect(took_ms).toBeGreaterThanOrEqual(hubTiming.close_timeout_ms - 50)
      yield* eventually(() => openTcpSockets() === open - 1)
    }))

  it.live("that the hub drops is opened anew", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server, timing })
      yield* eventually(() => rig.tags().length >= 2)
      server.sockets[0]?.terminate()
      yield* eventually(() => rig.tags().length >= 5)
      server.sockets[1]?.close(1012, "service restart")
      yield* eventually(() => rig.tags().length >= 8)
      expect(rig.tags().slice(2, 8)).toEqual(
        ["Disconnected", "Connected", "Identified", "Disconnected", "Connected", "Identified"]
      )
      expect(rig.logged("ws_closed")).toEqual([
        { event: "ws_closed", code: 1006, reason: "" },
        { event: "ws_closed", code: 1012, reason: "service restart" }
      ])
    }))

  it.live("delivers what was sent before it closed", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      for (let frame = 0; frame < 1_000; frame++) server.sockets[0]?.send(ack(`t${frame}`))
      server.sockets[0]?.close(1001)
      yield* eventually(() => rig.tags().includes("Disconnected"))
      expect(rig.tags().filter((tag) => tag === "TaskAcknowledged")).toHaveLength(1_000)
      expect(rig.tags().at(1_002)).toBe("Disconnected")
    }))
})

describe("a reader that is slow", () => {
  it.live("makes the network wait, and loses nothing", () =>
    Effect.gen(function*() {
      const frames = 12_000
      const padding = "x".repeat(4_000)
      const server = yield* startServer()
      const mayRead = yield* Deferred.make<void>()
      const rig = yield* startHub({
        settings: server,
        onMessage: (message, hub) =>
          message._tag === "TaskAcknowledged" ? Deferred.await(mayRead) : identify(message, hub)
      })
      yield* eventually(() => rig.tags().includes("Identified"))
      for (let frame = 0; frame < frames; frame++) server.sockets[0]?.send(ack(`t${frame}`, padding))
      yield* eventually(() => rig.tags().includes("TaskAcknowledged"))
      let backlog = 0
      let steadyFor = 0
      yield* eventually(() => {
        const now = server.sockets[0]?.bufferedAmount ?? 0
        steadyFor = now === backlog ? steadyFor + 1 : 0
        backlog = now
        return steadyFor === 40
      })
      expect(backlog).toBeGreaterThan((frames * padding.length) / 2)
      yield* Deferred.succeed(mayRead, undefined)
      const acknowledged = () =>
        rig.messages.flatMap(({ what }) => what._tag === "TaskAcknowledged" ? [what.task_id] : [])
      yield* eventually(() => acknowledged().length >= frames)
      expect(acknowledged())
        .toEqual(Array.from({ length: frames }, (_, frame) => `t${frame}`))
    }))

  it.live("can be interrupted at any time: the socket is closed with 1000 at once", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({
        settings: server,
        timing: slowClose,
        onMessage: (message, hub) => message._tag === "TaskAcknowledged" ? Effect.never : identify(message, hub)
      })
      yield* eventually(() => rig.tags().includes("Identified"))
      for (let frame = 0; frame < 500; frame++) server.sockets[0]?.send(ack(`t${frame}`, "x".repeat(4_000)))
      yield* eventually(() => rig.tags().includes("TaskAcknowledged"))
      expect(yield* clocked(rig.stop)).toBeLessThan(slowClose.close_timeout_ms / 2)
      yield* eventually(() => server.closes.length > 0)
      expect(server.closes).toEqual([{ code: 1000, reason: "" }])
    }))

  it.live("does not pass for a dead link", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const mayRead = yield* Deferred.make<void>()
      const pong_timeout_ms = 1_000
      let pings = 0
      const rig = yield* startHub({
        settings: server,
        timing: { ...quickHeartbeat, pong_timeout_ms },
        onMessage: (message, hub) =>
          message._tag === "TaskAcknowledged" ? Deferred.await(mayRead) : identify(message, hub)
      })
      yield* eventually(() => rig.tags().includes("Identified"))
      server.sockets[0]?.on("message", (data) => pings += String(data).includes("ping") ? 1 : 0)
      for (let frame = 0; frame < 10; frame++) server.sockets[0]?.send(ack(`t${frame}`))
      yield* eventually(() => pings >= 1)
      yield* Effect.sleep(2 * pong_timeout_ms)
      expect(rig.logged("heartbeat_timeout")).toEqual([])
      yield* Deferred.succeed(mayRead, undefined)
      yield* eventually(() => pings > 3)
      expect(rig.tags()).not.toContain("Disconnected")
    }))
})

describe("a peer that is not well", () => {
  it.live("a frame over 17 MiB ends the connection, and the next one is opened", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server, timing })
      yield* eventually(() => rig.tags().includes("Identified"))
      server.sockets[0]?.send("x".repeat(max_frame_bytes + 1))
      yield* eventually(() => rig.tags().length >= 5)
      expect(rig.tags().slice(2, 5)).toEqual(["Disconnected", "Connected", "Identified"])
      expect(rig.logged("ws_closed")).toEqual([
        { event: "ws_closed", code: 1009, reason: "the hub sent a frame of more than 17825792 bytes" }
      ])
    }))

  it.live("a frame of 16 MiB is taken", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      server.sockets[0]?.send(ack("large", "x".repeat(16 * 1024 * 1024)))
      yield* eventually(() => rig.tags().includes("TaskAcknowledged"))
    }))

  it.live("a binary frame and text that is no frame are logged, and the connection stays", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      server.sockets[0]?.send(Buffer.from([1, 2, 3]))
      server.sockets[0]?.send("{]")
      server.sockets[0]?.send("")
      server.sockets[0]?.send(ack("t"))
      yield* eventually(() => rig.tags().includes("TaskAcknowledged"))
      expect(rig.logged("frame_ignored")).toEqual([{ event: "frame_ignored", type: "binary, 3 bytes" }])
      expect(rig.logged("frame_undecodable")).toEqual([
        { event: "frame_undecodable", reason: "not JSON", excerpt: "{]" },
        { event: "frame_undecodable", reason: "not JSON", excerpt: "" }
      ])
      expect(rig.tags()).not.toContain("Disconnected")
    }))

  const upgradeHead = "HTTP/1.1 101 Switching Protocols\r\n\r\n"

  it.live.each(["not HTTP at all\r\n\r\n", upgradeHead, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])(
    "a server that answers %j is no hub, and is tried again",
    (answer) =>
      Effect.gen(function*() {
        let connections = 0
        const port = yield* rawServer((socket) => {
          connections += 1
          socket.on("data", () => socket.end(answer))
        })
        const rig = yield* startHub({ settings: { hub_url: `ws://127.0.0.1:${port}/ws` }, timing })
        yield* eventually(() => connections > 2)
        expect(rig.tags()).toEqual([])
        for (const { reason } of rig.logged("ws_closed")) expect(reason).not.toBe("")
      })
  )

  it.live("a server that never answers the upgrade is given up on in time", () =>
    Effect.gen(function*() {
      let connections = 0
      const port = yield* rawServer(() => connections += 1)
      const rig = yield* startHub({
        settings: { hub_url: `ws://127.0.0.1:${port}/ws` },
        timing: { ...timing, open_timeout_ms: 50 }
      })
      yield* eventually(() => connections > 1)
      expect(rig.logged("ws_closed")[0]?.reason).toBe("not open within 50 ms")
    }))

  it.live("the reader can be interrupted while the upgrade is not answered yet", () =>
    Effect.gen(function*() {
      let asked = false
      let gone = false
      const port = yield* rawServer((socket) => {
        socket.on("data", () => asked = true)
        socket.on("close", () => gone = true)
      })
      const rig = yield* startHub({ settings: { hub_url: `ws://127.0.0.1:${port}/ws` }, timing: slowClose })
      yield* eventually(() => asked)
      expect(yield* clocked(rig.stop)).toBeLessThan(slowClose.close_timeout_ms / 2)
      yield* eventually(() => gone)
    }))

  it.live("frames that break the protocol end the connection, and the next one is opened", () =>
    Effect.gen(function*() {
      const server = yield* startServer({
        onUpgraded: (stream) => stream.write("hello, I am not a frame")
      })
      const rig = yield* startHub({ settings: server, timing })
      yield* eventually(() => rig.tags().filter((tag) => tag === "Disconnected").length > 1)
      expect(rig.logged("ws_closed")[0]).toMatchObject({
        code: 1006,
        reason: expect.stringMatching(/invalid|opcode|RSV/i)
      })
    }))

  it.live("an upgrade that is refused says so", () =>
    Effect.gen(function*() {
      const server = yield* startServer({ refuse: true })
      const rig = yield* startHub({ settings: server, timing })
      yield* eventually(() => rig.logged("reconnect_scheduled").length > 1)
      expect(rig.logged("ws_closed")[0]?.reason).toBe("Unexpected server response: 401")
      expect(rig.tags()).toEqual([])
    }))

  it.live.each(["ws://127.0.0.1:1/ws", "ws://127.0.0.1:4000/ws#part"])(
    "%s is tried again and again, and nothing dies of it",
    (hub_url) =>
      Effect.gen(function*() {
        const rig = yield* startHub({ settings: { hub_url }, timing })
        yield* eventually(() => rig.logged("reconnect_scheduled").length > 2)
        expect(rig.tags()).toEqual([])
        expect(rig.fiber.pollUnsafe()).toBeUndefined()
      })
  )
})

describe("a half-open link", () => {
  it.live("to a frozen hub is found by the missing pong and left", () =>
    Effect.gen(function*() {
      const server = yield* startServer()
      const rig = yield* startHub({ settings: server, timing: quickHeartbeat })
      yield* eventually(() => rig.tags().includes("Identified"))
      server.sockets[0]?.pause()
      yield* eventually(() => rig.tags().length >= 5)
      expect(rig.messages[2]?.what).toEqual({ _tag: "Disconnected", half_open: true })
      expect(rig.tags().slice(3, 5)).toEqual(["Connected", "Identified"])
      expect(rig.logged("heartbeat_timeout")[0]).toEqual({ event: "heartbeat_timeout", after_ms: 300 })
    }))

  it.live("is not hidden by pings and pongs of the WebSocket itself", () =>
    Effect.gen(function*() {
      const server = yield* startServer({
        onConnection: (socket) => {
          socket.once("message", () => {
            socket.send(JSON.stringify({ type: "identified", agent_id: "agent-1" }))
            socket.on("message", () => {
              socket.ping()
              socket.pong()
            })
          })
        }
      })
      const rig = yield* startHub({ settings: server, timing: quickHeartbeat })
      yield* eventually(() => rig.tags().includes("Disconnected"))
      expect(rig.messages[2]?.what).toEqual({ _tag: "Disconnected", half_open: true })
    }))
})

describe("over TLS", () => {
  it.live("a hub whose certificate is signed by the configured authority is trusted", () =>
    Effect.gen(function*() {
      const server = yield* startServer({ secure: true })
      const rig = yield* startHub({ settings: { ...server, tls_ca: ca } })
      yield* eventually(() => rig.tags().includes("Identified"))
      expect(rig.logged("ws_connected")[0]?.url).toMatch(/^wss:/)
    }))

  it.live("one signed by an unknown authority is not", () =>
    Effect.gen(function*() {
      const server = yield* startServer({ secure: true })
      const rig = yield* startHub({ settings: server, timing })
      yield* eventually(() => rig.logged("reconnect_scheduled").length > 1)
      expect(server.sockets).toEqual([])
      expect(rig.logged("ws_closed")[0]?.reason).toMatch(/certificate/)
    }))
})
