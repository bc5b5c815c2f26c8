import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { RequestListener } from "node:http"
import { lookup_body_bytes } from "../../src/hub/hubHttp.ts"
import { buildHub } from "./hubRig.ts"
import { ca, eventually, startServer } from "./hubServer.ts"

const task_id = "task-8b4fb30a0531eff5"

interface Answer {
  readonly status: number
  readonly body: unknown
}

const answering = ({ body, status }: Answer): RequestListener => (_, response) => {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}

const taskBody = (status: string, assigned_to: string | null) => ({
  id: task_id,
  description: "do it",
  status,
  assigned_to,
  generation: 3,
  history: []
})

const lookUp = Effect.fnUntraced(function*(onRequest: RequestListener) {
  const server = yield* startServer({ onRequest })
  const { events, hub } = yield* buildHub({ settings: server })
  return { location: yield* hub.lookUp(task_id), events }
})

describe("a look-up says where the task is", () => {
  it.live.each(
    [
      ["queued", taskBody("queued", null), "queued"],
      ["queued", taskBody("queued", "agent-1"), "queued"],
      ["ours", taskBody("assigned", "agent-1"), "ours"],
      ["ours", taskBody("working", "agent-1"), "ours"],
      ["another's", taskBody("assigned", "agent-2"), "elsewhere"],
      ["finished", taskBody("completed", "agent-1"), "elsewhere"],
      ["failed", taskBody("failed", "agent-1"), "elsewhere"],
      ["dead", taskBody("dead_letter", "agent-1"), "elsewhere"],
      ["cancelled", taskBody("cancelled", null), "elsewhere"],
      ["assigned to nobody", taskBody("assigned", null), "unknown"],
      ["in a state of newer hubs", taskBody("blocked", "agent-1"), "unknown"]
    ] as const
  )("%s: %j is %s", ([, body, expected]) =>
    Effect.gen(function*() {
      const { location } = yield* lookUp(answering({ status: 200, body }))
      expect(location).toBe(expected)
    }))

  it.live("the hub knows no such task: it is gone", () =>
    Effect.gen(function*() {
      const { location } = yield* lookUp(answering({ status: 404, body: { error: "task_not_found", task_id } }))
      expect(location).toBe("elsewhere")
    }))

  it.live("asks for just this task, with the token in the header and nowhere else", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      yield* lookUp((request, response) => {
        asked.push([request.method, request.url, request.headers.authorization])
        answering({ status: 200, body: taskBody("queued", null) })(request, response)
      })
      expect(asked).toEqual([["GET", `/api/tasks/${task_id}`, "Bearer s3cret-token"]])
    }))

  it.live("finds the interface below a path, and an odd id cannot leave it", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      const server = yield* startServer({
        onRequest: (request, response) => {
          asked.push(request.url)
          answering({ status: 200, body: taskBody("queued", null) })(request, response)
        }
      })
      const { hub } = yield* buildHub({ settings: { ...server, hub_api_url: `${server.hub_api_url}/hub/` } })
      yield* hub.lookUp("../admin?x=1#y")
      expect(asked).toEqual(["/hub/api/tasks/..%2Fadmin%3Fx%3D1%23y"])
    }))

  it.live("over TLS with the configured authority", () =>
    Effect.gen(function*() {
      const onRequest = answering({ status: 200, body: taskBody("assigned", "agent-1") })
      const server = yield* startServer({ secure: true, onRequest })
      const trusting = yield* buildHub({ settings: { ...server, tls_ca: ca } })
      expect(yield* trusting.hub.lookUp(task_id)).toBe("ours")
      const doubting = yield* buildHub({ settings: server })
      expect(yield* doubting.hub.lookUp(task_id)).toBe("unknown")
    }))
})

describe("what is no answer leaves it unknown, and is logged", () => {
  it.live.each(
    [
      ["unauthorized", { status: 401, body: { error: "unauthorized" } }, "HTTP 401"],
      ["an error of the hub", { status: 500, body: "oops" }, "HTTP 500"],
      ["a proxy without its hub", { status: 503, body: "<html>" }, "HTTP 503"],
      ["a redirect, which is not followed", { status: 302, body: "" }, "HTTP 302"],
      ["another server's 404", { status: 404, body: "<h1>Not Found</h1>" }, "HTTP 404"],
      ["no JSON", { status: 200, body: "<html>" }, "HTTP 200"],
      ["a body without a status", { status: 200, body: { id: task_id } }, "HTTP 200"],
      ["a body of another kind", { status: 200, body: [1] }, "HTTP 200"],
      ["an empty body", { status: 200, body: "" }, "HTTP 200"]
    ] as const
  )("%s", ([, answer, said]) =>
    Effect.gen(function*() {
      const { events, location } = yield* lookUp(answering(answer))
      expect(location).toBe("unknown")
      expect(events).toMatchObject([{ what: { event: "hub_error", error: expect.stringContaining(said) } }])
      expect(JSON.stringify(events)).not.toContain("s3cret")
    }))

  it.live("a server that cuts its answer short", () =>
    Effect.gen(function*() {
      const { location } = yield* lookUp((_, response) => {
        response.writeHead(200, { "content-length": "1000" })
        response.write("{", () => response.destroy())
      })
      expect(location).toBe("unknown")
    }))

  it.live("a server that sends without end", () =>
    Effect.gen(function*() {
      let sent = 0
      const { location } = yield* lookUp((_, response) => {
        const chunk = Buffer.alloc(1024 * 1024, " ")
        const more = (): void => {
          while (!response.destroyed && response.write(chunk)) sent += chunk.length
        }
        response.on("drain", more)
        more()
      })
      expect(location).toBe("unknown")
      expect(sent).toBeLessThan(4 * lookup_body_bytes)
    }))

  it.live("a server that says nothing, given up on in time", () =>
    Effect.gen(function*() {
      let closed = false
      const server = yield* startServer({ onRequest: (request) => request.socket.on("close", () => closed = true) })
      const { events, hub } = yield* buildHub({ settings: server, timing: { lookup_timeout_ms: 50 } })
      expect(yield* hub.lookUp(task_id)).toBe("unknown")
      expect(events).toMatchObject([{ what: { error: `look-up of ${task_id}: no answer within 50 ms` } }])
      yield* eventually(() => closed)
    }))

  it.live.each(["http://127.0.0.1:1", "not an address", "ftp://127.0.0.1/"])(
    "an interface at %s",
    (hub_api_url) =>
      Effect.gen(function*() {
        const { events, hub } = yield* buildHub({ settings: { hub_api_url } })
        expect(yield* hub.lookUp(task_id)).toBe("unknown")
        expect(events).toHaveLength(1)
      })
  )
})
