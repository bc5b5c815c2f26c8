import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { createServer, type IncomingHttpHeaders, request } from "node:http"
import { connect, type Socket } from "node:net"
import { listenAddress } from "../../src/config/ConfigFile.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import { initialState } from "../../src/domain/SidecarState.ts"
import { limits } from "../../src/limits.ts"
import type { Status } from "../../src/observe/control/protocol.ts"
import { makeHealth } from "../../src/observe/metrics/health.ts"
import { metrics_connections, pages } from "../../src/observe/metrics/httpServer.ts"
import { telemetry_flush_ms } from "../../src/observe/metrics/openTelemetry.ts"
import { makeTelemetry, metrics_retry_ms, startTelemetry } from "../../src/observe/metrics/telemetry.ts"
import { isWanted } from "../../src/observe/metrics/wanted.ts"
import type { ActorEvent } from "../../src/services/Observer.ts"
import { checked, Run, T0 } from "../domain/support.ts"
import { until } from "../support/daemon.ts"

const status: Status = {
  version: "1.2.3",
  agent_id: "te\"st",
  hub_url: "ws://hub/ws",
  pid: 4711,
  host: "here",
  pid_namespace: null,
  started_at: 1_000,
  now: 61_000,
  connection: { phase: "identified", since: 2_000, last_heard_at: 60_000 },
  task: {
    task_id: "task-1",
    status: "working",
    slot: "active",
    generation: 1,
    assigned_at: 31_000,
    status_since: 40_000,
    wake_attempts: 2,
    woken_at: 32_000,
    activity: "Working",
    agent_alive: true
  },
  owed: ["report"],
  leaving: [],
  draining: false,
  not_ready: null,
  disk: "ok",
  counters: { connections: 3, wakes: 2 }
}

const before = initialState({
  confirmation_timeout_ms: 1,
  agent_silence_ms: 1,
  task_timeout_ms: 1,
  wake_command_blocks: false,
  messages: defaultMessagePolicy
})

const frame: ActorEvent = { _tag: "FrameIn", text: "{}" }

const becoming = (phase: "down" | "connected" | "identified"): ActorEvent => {
  const after = { ...before, connection: { ...before.connection, phase } }
  return { _tag: "Stepped", step: { at: 0, message: { _tag: "Connected" }, before, after, commands: [], saved: true } }
}

describe("the health", () => {
  it.effect("is bad until the hub knows the sidecar as its agent, and again when the hub is silent for two heartbeats", () =>
    Effect.gen(function*() {
      const { health, observe } = yield* makeHealth
      expect(yield* health).toMatchObject({ healthy: false, silent_ms: null })
      yield* observe(becoming("connected"))
      yield* observe(frame)
      expect(yield* health).toMatchObject({ healthy: false, silent_ms: null })
      yield* observe(becoming("identified"))
      expect(yield* health).toEqual({
        healthy: true,
        silent_ms: 0,
        reason: "heard from the hub 0 s ago",
        not_ready: null
      })
      yield* TestClock.adjust("50 seconds")
      yield* observe(frame)
      yield* TestClock.adjust("60 seconds")
      expect(yield* health).toMatchObject({ healthy: true, silent_ms: 60_000 })
      yield* TestClock.adjust("1 second")
      expect(yield* health).toEqual({
        healthy: false,
        silent_ms: 61_000,
        reason: "nothing heard from the hub for 61 s, longer than 60 s",
        not_ready: null
      })
      yield* observe({ _tag: "BinaryIn", bytes: 1 })
      expect(yield* health).toMatchObject({ healthy: true })
    }))

  it.effect("outlasts a short break, but not a hub that answers and does not take the agent", () =>
    Effect.gen(function*() {
      const { health, observe } = yield* makeHealth
      yield* observe(becoming("identified"))
      yield* observe(becoming("down"))
      yield* TestClock.adjust("30 seconds")
      expect(yield* health).toMatchObject({ healthy: true })
      for (let refusal = 0; refusal < 4; refusal++) {
        yield* observe(becoming("connected"))
        yield* observe(frame)
        yield* observe(becoming("down"))
        yield* TestClock.adjust("10 seconds")
      }
      expect(yield* health).toMatchObject({ healthy: false, silent_ms: 70_000 })
    }))

  it.effect("is bad while no task is taken, with why and since when, but not because of the last task in hand", () =>
    Effect.gen(function*() {
      const { health, observe } = yield* makeHealth
      const idle = Run.idle()
      const saw = (run: Run) => {
        const { state } = run
        return observe({
          _tag: "Stepped",
          step: { at: 0, message: checked(), before: state, after: state, commands: [], saved: true }
        })
      }
      yield* saw(idle.tell(checked({ cause: "program", reason: "there is no program ./a" })))
      const remedy = expect.stringContaining("install the program")
      expect(yield* health).toEqual({
        healthy: false,
        silent_ms: null,
        reason: "not ready: there is no program ./a",
        not_ready: { cause: "program", reason: "there is no program ./a", remedy, since: T0 }
      })
      yield* saw(Run.working().tell({ _tag: "DrainRequested", exit_code: 0 }))
      expect(yield* health).toMatchObject({ healthy: true, not_ready: { cause: "draining" } })
    }))

  it.effect("is 200 or 503 to who asks, with the reason", () =>
    Effect.gen(function*() {
      const { health, observe } = yield* makeHealth
      const sources = { health, status: Effect.succeed(status), refresh: Effect.void, is_local: true }
      const asking = HttpServerRequest.fromWeb(new Request("http://localhost/healthz"))
      const asked = (yield* pages(sources)).pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, asking),
        Effect.map((response) => HttpServerResponse.toWeb(response))
      )
      yield* observe(becoming("identified"))
      const well = yield* asked
      expect([well.status, well.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"])
      yield* TestClock.adjust("61 seconds")
      const page = yield* asked
      expect(page.status).toBe(503)
      expect(yield* Effect.promise(() => page.json())).toMatchObject({ healthy: false, silent_ms: 61_000 })
    }))
})

/** The telemetry of a sidecar, asked over a real socket. */
const running = Effect.fnUntraced(function*(
  listen: string | undefined,
  environment: Record<string, string> = {},
  said: () => Status = () => status
) {
  const events: Array<LifecycleEvent> = []
  const observe = yield* makeTelemetry({
    agent_id: "tester",
    environment,
    listen,
    status: Effect.sync(said),
    log: (event) => Effect.sync(() => void events.push(event))
  })
  const listening = until("it listens", () => events.find((event) => event.event === "metrics_listening"))
  const url = Effect.map(listening, (found) => found.event === "metrics_listening" ? found.url : "")
  return { events, observe, url }
})

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const get = (url: string, options: { readonly method?: string; readonly headers?: Record<string, string> } = {}) =>
  Effect.callback<Got>((resume) => {
    request(url, { ...options, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text: string) => body += text)
      response.on("end", () => {
        resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, body }))
      })
    }).on("error", (error) => resume(Effect.die(error))).end()
  })

/** The samples of a text in the Prometheus format. Fails if a line is not in that format. */
const samplesIn = (text: string): ReadonlyMap<string, number> => {
  const typed = new Set<string>()
  const samples = new Map<string, number>()
  expect(text.endsWith("\n")).toBe(true)
  for (const line of text.trimEnd().split("\n")) {
    const [, type] = /^# TYPE ([a-zA-Z_:][\w:]*) (?:counter|gauge)$/.exec(line) ?? []
    if (type !== undefined) expect(typed.has(type)).toBe(false)
    if (type !== undefined) typed.add(type)
    if (line.startsWith("# HELP ") || type !== undefined) continue
    const [, name = "", labels = "", value] =
      /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[\d.e+]+)$/.exec(line) ?? []
    expect({ line, value, isTyped: typed.has(name) }).toEqual({ line, value: expect.any(String), isTyped: true })
    samples.set(`${name}${labels}`, Number(value))
  }
  return samples
}

describe("the pages", () => {
  it.live("show the metrics as Prometheus reads them, counted once however often they are read", () =>
    Effect.gen(function*() {
      let said = status
      const { url } = yield* running("127.0.0.1:0", {}, () => said)
      const base = yield* url
      const first = yield* get(`${base}/metrics?x=1`)
      expect(first.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8")
      const messages = { waiting: 3, held_until: null, batch: null, outgoing: 1, behind: true, left_out: false }
      const received = { messages_received_kept: 4, messages_received_left_out: 1 }
      said = { ...status, task: null, messages, counters: { connections: 5, wakes: 2, ...received, messages_sent: 6 } }
      const samples = samplesIn((yield* get(`${base}/metrics`)).body)
      const of = (from: ReadonlyMap<string, number>) => (name: string) => from.get(`agentcom_sidecar_${name}`)
      const [before_it, now] = [of(samplesIn(first.body)), of(samples)]
      expect(before_it("info{version=\"1.2.3\",agent_id=\"te\\\"st\"}")).toBe(1)
      expect(before_it("connections_total")).toBe(3)
      expect(before_it("task_held")).toBe(1)
      expect(before_it("task_age_seconds")).toBe(30)
      expect(before_it("agent_alive")).toBe(1)
      expect(before_it("owed_frames")).toBe(1)
      expect(before_it("last_heard_timestamp_seconds")).toBe(60)
      expect(before_it("healthy")).toBe(0)
      expect(before_it("resident_memory_bytes")).toBeGreaterThan(1_000_000)
      expect(now("connections_total")).toBe(5)
      expect(now("wakes_total")).toBe(2)
      expect(now("tasks_received_total")).toBe(0)
      expect(now("task_held")).toBe(0)
      expect(now("messages_waiting")).toBe(3)
      expect(now("messages_outgoing")).toBe(1)
      expect(now("messages_behind")).toBe(1)
      expect(now("messages_received_total{outcome=\"kept\"}")).toBe(4)
      expect(now("messages_received_total{outcome=\"left_out\"}")).toBe(1)
      expect(now("messages_sent_total")).toBe(6)
      expect(before_it("messages_waiting")).toBe(0)
      expect(first.body.match(/# TYPE agentcom_sidecar_messages_received_total counter\n/g)).toHaveLength(1)
      expect(first.body).not.toContain("task-1")
    }))

  it.live("show the status as the status command does, and nothing elsewhere", () =>
    Effect.gen(function*() {
      const { url } = yield* running("127.0.0.1:0")
      const base = yield* url
      expect(JSON.parse((yield* get(`${base}/status`)).body)).toEqual({ running: true, ...status })
      expect((yield* get(`${base}/other`)).status).toBe(404)
      expect((yield* get(`${base}/status`, { method: "POST" })).status).toBe(405)
      expect(yield* get(`${base}/healthz`, { method: "HEAD" })).toMatchObject({ status: 503, body: "" })
    }))

  it.live("show no task to a page in a browser, which comes by another name, nor beyond this machine", () =>
    Effect.gen(function*() {
      const local = yield* (yield* running("localhost:0")).url
      const shown = (base: string, host: string) =>
        Effect.map(get(`${base}/status`, { headers: { host } }), (page) => page.status)
      expect(yield* shown(local, "localhost:9464")).toBe(200)
      expect(yield* shown(local, "127.0.0.1")).toBe(200)
      expect(yield* shown(local, "evil.example:9464")).toBe(403)
      expect(yield* shown(local, "127.0.0.1.evil.example")).toBe(403)
      const open = (yield* (yield* running("0.0.0.0:0")).url).replace("0.0.0.0", "127.0.0.1")
      expect(yield* shown(open, "127.0.0.1")).toBe(403)
      expect((yield* get(`${open}/metrics`)).status).toBe(200)
      expect((yield* get(`${open}/healthz`)).status).toBe(503)
    }))

  /** Connections without a request: each sends `words`, and connects again when it is closed. */
  const silent = (url: string, count: number, words: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const { hostname, port } = new URL(url)
        const open = new Set<Socket>()
        let closes = 0
        let isOver = false
        const come = (): void => {
          const socket = connect(Number(port), hostname)
          open.add(socket)
          socket.on("error", () => {}).on("connect", () => socket.write(words)).on("close", () => {
            open.delete(socket)
            closes += 1
            if (!isOver) setTimeout(come, 5)
          })
        }
        for (let left = count; left > 0; left--) come()
        const end = () => {
          isOver = true
          for (const socket of open) socket.destroy()
        }
        return { end, connected: () => [...open].filter(({ connecting }) => !connecting).length, closes: () => closes }
      }),
      ({ end }) => Effect.sync(end)
    )

  it.live.each([["nothing", ""], ["half of a request", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"]] as const)(
    "are there for who asks, beside as many connections as there may be that say %s",
    ([, words]) =>
      Effect.gen(function*() {
        const url = yield* (yield* running("127.0.0.1:0")).url
        const crowd = yield* silent(url, metrics_connections, words)
        yield* until("they are there", () => crowd.connected() === metrics_connections)
        for (let n = 0; n < 3; n++) expect((yield* get(`${url}/healthz`)).status).toBe(503)
        expect(crowd.closes()).toBeGreaterThan(0)
      })
  )

  it.live("are there beside a crowd that comes again and again", () =>
    Effect.gen(function*() {
      const url = yield* (yield* running("127.0.0.1:0")).url
      const crowd = yield* silent(url, 2 * metrics_connections, "")
      yield* until("it presses", () => crowd.closes() > 4 * metrics_connections)
      expect((yield* get(`${url}/healthz`)).status).toBe(503)
    }))

  it.effect("wait for a port that is in use, which is said once and stops nothing", () =>
    Effect.gen(function*() {
      const held = createServer()
      yield* Effect.promise(() => new Promise<void>((resolve) => held.listen(0, "127.0.0.1", resolve)))
      const address = held.address()
      const port = typeof address === "object" ? address?.port : 0
      const { events, observe } = yield* running(`127.0.0.1:${port}`)
      yield* until("it is told", () => events.length > 0)
      yield* observe(frame)
      const expected = [{
        event: "metrics_unavailable",
        reason: `nothing can listen at 127.0.0.1:${port}: the port is in use`
      }]
      expect(events).toEqual(expected)
      yield* Effect.promise(() => new Promise((resolve) => held.close(resolve)))
      yield* until("it has the port", () => {
        return events.length > 1
      }).pipe(Effect.raceFirst(Effect.forever(
        Effect.andThen(TestClock.adjust(metrics_retry_ms), Effect.promise(() => new Promise(setImmediate)))
      )))
      expect(events).toEqual([...expected, { event: "metrics_listening", url: `http://127.0.0.1:${port}` }])
    }))
})

/** An OpenTelemetry collector and what it receives. If it `hangs`, it does not answer. */
const collector = (hangs = false) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const posts: Array<{ readonly path: string; readonly type: string; readonly body: string }> = []
        const server = createServer((asked, response) => {
          const chunks: Array<Buffer> = []
          asked.on("data", (chunk: Buffer) => chunks.push(chunk))
          asked.on("end", () => {
            const body = Buffer.concat(chunks).toString()
            posts.push({ path: asked.url ?? "", type: asked.headers["content-type"] ?? "", body })
            if (!hangs) response.end("{}")
          })
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return { server, posts }
      }),
      ({ server }) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    ),
    ({ posts, server }) => {
      const address = server.address()
      const port = typeof address === "object" ? address?.port : 0
      return { posts, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }
    }
  )

describe("OpenTelemetry", () => {
  it("is wanted where a collector is named, and nothing is where there is neither that nor an address", () => {
    expect(isWanted({ listen: undefined, environment: {} })).toBe(false)
    expect(isWanted({ listen: undefined, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: "" } })).toBe(false)
    expect(isWanted({ listen: undefined, environment: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c" } })).toBe(true)
    expect(isWanted({ listen: "127.0.0.1:0", environment: {} })).toBe(true)
  })

  it.live("gets the metrics as the standard variables say, under our name unless they give another", () =>
    Effect.gen(function*() {
      const { posts, ...endpoint } = yield* collector()
      const often = { OTEL_METRIC_EXPORT_INTERVAL: "20", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }
      yield* running(undefined, { ...endpoint, ...often })
      yield* running(undefined, { ...endpoint, ...often, OTEL_SERVICE_NAME: "mine" })
      const with_metrics = (name: string) =>
        until("it is exported", () => posts.find(({ body }) => body.includes("wakes_total") && body.includes(name)))
      const { body, path, type } = yield* with_metrics("\"agentcom-sidecar\"")
      expect({ path, type }).toEqual({ path: "/v1/metrics", type: "application/json" })
      expect(body).toContain("\"tester\"")
      expect(body).not.toContain("task-1")
      expect((yield* with_metrics("\"mine\"")).body).not.toContain("\"agentcom-sidecar\"")
    }))

  it.live("gets protobuf where no protocol is named, and nothing where the exporter is none", () =>
    Effect.gen(function*() {
      const { posts, ...endpoint } = yield* collector()
      yield* running(undefined, { ...endpoint, OTEL_METRICS_EXPORTER: "none", OTEL_METRIC_EXPORT_INTERVAL: "1" })
      yield* running(undefined, { ...endpoint, OTEL_METRIC_EXPORT_INTERVAL: "20" })
      yield* until("it is exported", () => posts.length > 1)
      expect(new Set(posts.map(({ type }) => type))).toEqual(new Set(["application/x-protobuf"]))
    }))

  it.live("is told to be unusable where the variables are, and stops nothing", () =>
    Effect.gen(function*() {
      const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" }
      const grpc = yield* running("127.0.0.1:0", { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })
      yield* until("it is told", () => grpc.events.some(({ event }) => event === "metrics_unavailable"))
      expect(grpc.events).toContainEqual({
        event: "metrics_unavailable",
        reason: "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json"
      })
      expect((yield* get(`${yield* grpc.url}/metrics`)).status).toBe(200)
      const odd = yield* running(undefined, { ...endpoint, OTEL_METRIC_EXPORT_INTERVAL: "often" })
      yield* until("it is told", () => odd.events.length > 0)
      expect(odd.events[0]).toMatchObject({ event: "metrics_unavailable" })
    }))

  it.live("does not keep the sidecar from stopping where its collector hangs", () =>
    Effect.gen(function*() {
      const { posts, ...endpoint } = yield* collector(true)
      const environment = { ...endpoint, OTEL_METRIC_EXPORT_INTERVAL: "20", OTEL_EXPORTER_OTLP_TIMEOUT: "60000" }
      const telemetry = yield* Effect.promise(() =>
        startTelemetry({
          agent_id: "tester",
          environment,
          listen: undefined,
          status: () => Promise.resolve(status),
          log: () => {}
        })
      )
      telemetry.observe(frame)
      yield* until("it is exported", () => posts.length > 0)
      const begun = performance.now()
      yield* Effect.promise(telemetry.stop)
      expect(performance.now() - begun).toBeLessThan(Number(environment.OTEL_EXPORTER_OTLP_TIMEOUT) / 2)
      expect(telemetry_flush_ms).toBeLessThan(limits.shutdown_ms)
    }))
})

describe("metrics_listen", () => {
  const accepts = (value: string): boolean => Result.isSuccess(Schema.decodeUnknownResult(listenAddress)(value))
  it("is a host and a port", () => {
    expect(
      ["127.0.0.1:9464", "localhost:0", "[::1]:9464", "0.0.0.0:65535", "my-host.lan:1"].filter((value) =>
        !accepts(value)
      )
    ).toEqual([])
    expect(
      ["9464", ":9464", "localhost", "localhost:", "::1:9464", "localhost:65536", "a b:1", "x:1/y"].filter(accepts)
    ).toEqual([])
  })
})
