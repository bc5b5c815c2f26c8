import * as Effect from "effect/Effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { agentId, type AgentScript, type Folder, makeFolder, token, until } from "./daemon.ts"

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
const request = (hub: DevHub, from: string, path: string, body?: object) =>
  Effect.promise(async (): Promise<Answered> => {
    const response = await fetch(`${hub.httpUrl}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${from === agentId ? token : `t-${from}`}`,
        "content-type": "application/json"
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const answer: unknown = await response.json()
    return { status: response.status, body: Object(answer) }
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

/** What our daemon has sent, oldest first, as the hub's history has it. */
export interface Heard {
  readonly to: string | null
  readonly type: string
  readonly reply_to: string | null
  readonly payload: Record<string, unknown>
}

export const sentByUs = (hub: DevHub) =>
  Effect.map(
    request(hub, agentId, `/api/messages?from=${agentId}&limit=200`),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is the hub's own answer
    ({ body }) => body["messages"] as ReadonlyArray<Heard>
  )

/** Waits until our daemon has sent as many messages, and returns them. */
export const untilSent = (hub: DevHub, count: number) =>
  Effect.gen(function*() {
    for (;;) {
      const sent = yield* sentByUs(hub)
      if (sent.length >= count) return sent
      yield* Effect.sleep(20)
    }
  })

/** One delivery, as its agent noted it. */
export interface Delivery {
  readonly batch_id: string
  readonly ids: ReadonlyArray<string>
  readonly again: ReadonlyArray<string>
  readonly ways: ReadonlyArray<string>
  readonly pid: number
}

/** Notes its batch, waits while there is a file `hold`, and answers each message by what the configuration of the test says. */
const agent = `
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { setTimeout as wait } from "node:timers/promises"
const { BATCH_ID, MESSAGES_FILE, RESULTS_DIR } = process.env
const { messages } = JSON.parse(readFileSync(MESSAGES_FILE, "utf8"))
appendFileSync("deliveries.log", JSON.stringify({
  batch_id: BATCH_ID,
  ids: messages.map(({ id }) => id),
  again: messages.filter(({ again }) => again).map(({ id }) => id),
  ways: messages.map(({ way }) => way),
  pid: process.pid
}) + "\\n")
const place = RESULTS_DIR + "/" + BATCH_ID
writeFileSync(place + ".started", "")
while (existsSync("hold")) await wait(20)
const isKilled = messages.some(({ payload }) => payload?.text === "poison")
const replies = existsSync("mute")
  ? {}
  : Object.fromEntries(messages.map(({ id, payload }) => [id, "re: " + (payload?.text ?? "")]))
const answer = isKilled ? { status: "failed", reason: "poisoned" } : { status: "success", replies }
writeFileSync(place + ".json.tmp", JSON.stringify(answer))
renameSync(place + ".json.tmp", place + ".json")
`

/** A folder whose agent is woken for messages too. */
export const makeTalkFolder = (hub: DevHub, config: Record<string, unknown> = {}, script: AgentScript = {}) =>
  Effect.tap(
    makeFolder(hub, script, {
      message_command: [process.execPath, "talk.mjs"],
      batch_ms: 200,
      min_interval_ms: 200,
      ...config
    }),
    (folder) => Effect.sync(() => writeFileSync(join(folder.path, "talk.mjs"), agent))
  )

/** The deliveries so far. */
export const deliveries = (folder: Folder): ReadonlyArray<Delivery> => {
  const path = folder.file("deliveries.log")
  if (!existsSync(path)) return []
  return readFileSync(path, "utf8").trimEnd().split("\n").map((line): Delivery => JSON.parse(line))
}

export const delivered = (folder: Folder): ReadonlyArray<string> => deliveries(folder).flatMap(({ ids }) => ids)

/** Waits until messages were delivered, each at least once. */
export const untilDelivered = (folder: Folder, ids: ReadonlyArray<string>) =>
  until("the messages are delivered", () => ids.every((id) => delivered(folder).includes(id)))
