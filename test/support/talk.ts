import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { agentId, token } from "./daemon.ts"

/** Other agents, each with the token `t-<name>`. */
export const tokensOf = (...names: ReadonlyArray<string>): Record<string, string> => ({
  [agentId]: token,
  ...Object.fromEntries(names.map((name) => [name, `t-${name}`]))
})

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** One request of an agent to the hub's HTTP API. */
export const request = (hub: DevHub, from: string, path: string, body?: object) =>
  Effect.promise(async (): Promise<Answered> => {
    const response = await fetch(`${hub.httpUrl}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${from === agentId ? token : `t-${from}`}`,
        "content-type": "application/json",
        connection: "close" // the hub closes one that is idle, and in a busy process a request may meet that
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text() // empty where the hub crashes
    return { status: response.status, body: text === "" ? {} : Object(JSON.parse(text)) }
  })

interface Said {
  readonly to?: string
  readonly type?: string
  readonly payload?: object
  readonly reply_to?: string
}

/** An agent says something by HTTP. Returns the id of the message. */
export const say = (hub: DevHub, from: string, message: Said = {}) =>
  Effect.map(
    request(hub, from, "/api/message", { to: agentId, payload: { text: "hello" }, ...message }),
    ({ body }) => String(body["id"])
  )

export const sayToAll = (hub: DevHub, from: string, message: Omit<Said, "to"> = {}) =>
  Effect.map(
    request(hub, from, "/api/message", { payload: { text: "hello all" }, ...message }),
    ({ body }) => String(body["id"])
  )

export const sayInRoom = (hub: DevHub, from: string, text: string) =>
  Effect.asVoid(request(hub, from, "/api/room/message", { text }))

/** What was said in the room so far. */
export const saidInRoom = (hub: DevHub) =>
  Effect.map(request(hub, agentId, "/api/room/messages?since=0&limit=500"), ({ body }) => JSON.stringify(body))

export const createChannel = (hub: DevHub, from: string, name: string) =>
  Effect.asVoid(request(hub, from, "/api/channels", { name }))

export const publish = (hub: DevHub, from: string, channel: string, text: string) =>
  Effect.asVoid(request(hub, from, `/api/channels/${channel}/publish`, { payload: { text } }))

/** Other agents say so many messages each to our agent, all of them at once. Returns the ids. */
export const sayMany = (hub: DevHub, senders: ReadonlyArray<string>, each: number, text = "hello") =>
  Effect.map(
    Effect.forEach(
      senders,
      (sender) => Effect.forEach(Array(each).keys(), (n) => say(hub, sender, { payload: { text, n } })),
      { concurrency: "unbounded" }
    ),
    (ids) => ids.flat()
  )

/** How many messages the hub keeps for an agent that is away. */
export const mailOf = (hub: DevHub, agent: string) =>
  Effect.map(request(hub, agent, `/api/mailbox/${agent}?since=0`), ({ body }) => Number(body["count"]))

/** Waits until our daemon has acknowledged all that the hub kept for it. */
export const untilNoMail = (hub: DevHub) =>
  Effect.repeat(mailOf(hub, agentId), { until: (count) => count === 0, schedule: Schedule.spaced(20) })

/** What an agent has sent, as the hub's history has it. */
export interface Heard {
  readonly to: string | null
  readonly type: string
  readonly reply_to: string | null
  readonly payload: Record<string, unknown>
}

/** What an agent has sent, oldest first: the first 200. */
export const sentBy = (hub: DevHub, agent: string) =>
  Effect.map(
    request(hub, agentId, `/api/messages?from=${agent}&limit=200`),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is the hub's own answer
    ({ body }) => body["messages"] as ReadonlyArray<Heard>
  )

export const sentByUs = (hub: DevHub) => sentBy(hub, agentId)

/** Waits until our daemon has sent as many messages, and returns them. */
export const untilSent = (hub: DevHub, count: number) =>
  Effect.gen(function*() {
    for (;;) {
      const sent = yield* sentByUs(hub)
      if (sent.length >= count) return sent
      yield* Effect.sleep(20)
    }
  })
