import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { atOnce, makeFolder, startDaemon, startHub, submit, token, until, untilStatus } from "../support/daemon.ts"

/** Where a link leads; one that goes between two looks leads nowhere. */
const targetOf = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    return ""
  }
}

/** The ports at which a process listens. */
const portsOf = (pid: number): ReadonlyArray<number> => {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(join(`/proc/${pid}/fd`, fd))))
  return ["tcp", "tcp6"].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, "utf8").split("\n").slice(1).flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/)
      const isOurs = state === "0A" && sockets.has(`socket:[${inode}]`)
      return isOurs ? [Number.parseInt(local.split(":")[1] ?? "", 16)] : []
    })
  )
}

const got = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, body: await response.text() }
  })

describe("the metrics of a running sidecar", () => {
  it.live("are off by default, and then no port is open", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(yield* startHub())
      const daemon = yield* startDaemon(folder, { OTEL_SERVICE_NAME: "of-no-effect" })
      yield* until("it is connected", () => daemon.events("identified").length > 0)
      expect(existsSync("/proc/self/net/tcp") ? portsOf(daemon.pid) : []).toEqual([])
    }).pipe(Effect.scoped))

  it.live("tell how it is, without its token", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: atOnce }, { metrics_listen: "127.0.0.1:0" })
      const daemon = yield* startDaemon(folder)
      const { url } = yield* until("it listens", () => daemon.events("metrics_listening")[0])
      yield* until("it is connected", () => daemon.events("identified").length > 0)
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed")
      yield* until("it is over", () => daemon.events("report_acknowledged").length > 0)
      const metrics = yield* got(`${url}/metrics`)
      expect(metrics.body).toContain("\nagentcom_sidecar_tasks_completed_total 1\n")
      expect(metrics.body).toContain("\nagentcom_sidecar_identified 1\n")
      expect(metrics.body).toContain("\nagentcom_sidecar_healthy 1\n")
      const health = yield* got(`${url}/healthz`)
      expect(health.status).toBe(200)
      expect(JSON.parse(health.body)).toMatchObject({ healthy: true })
      const status = yield* got(`${url}/status`)
      expect(JSON.parse(status.body)).toMatchObject({
        running: true,
        pid: daemon.pid,
        counters: { tasks_completed: 1 }
      })
      expect(`${metrics.body}${health.body}${status.body}`).not.toContain(token)
      yield* daemon.signal("SIGTERM")
      expect(yield* daemon.ended).toBe(0)
    }).pipe(Effect.scoped))

  it.live("never keep it from its work where their port is in use", () =>
    Effect.gen(function*() {
      const port = yield* Effect.acquireRelease(
        Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => {
            const address = server.address()
            const taken = typeof address === "object" && address !== null ? address.port : 0
            resume(Effect.succeed({ port: taken, close: () => server.close() }))
          })
        }),
        ({ close }) => Effect.sync(close)
      )
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: atOnce }, { metrics_listen: `127.0.0.1:${port.port}` })
      const daemon = yield* startDaemon(folder)
      const told = yield* until("it is told", () => daemon.events("metrics_unavailable")[0])
      expect(told["reason"]).toBe(`nothing can listen at 127.0.0.1:${port.port}: the port is in use`)
      yield* untilStatus(hub, yield* submit(hub), "completed")
    }).pipe(Effect.scoped))
})
