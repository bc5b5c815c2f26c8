import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { type Settings, SidecarConfig } from "../../src/config/SidecarConfig.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { JsonObject } from "../../src/domain/Work.ts"
import { HubTiming, hubTiming, type Timing } from "../../src/hub/timing.ts"
import { MessengerHttp } from "../../src/layers/MessengerHttp.ts"
import { Logger } from "../../src/services/Logger.ts"
import { Messenger } from "../../src/services/Messenger.ts"
import { settings } from "./hubRig.ts"
import { startServer } from "./hubServer.ts"

export const us = "agent-1"

/** A request as the hub sees it. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly token: string
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly body: unknown
}

export type Answers = (asked: Asked, response: ServerResponse) => Answer | null

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const textOf = (body: unknown): string => typeof body === "string" ? body : JSON.stringify(body)

/** A hub that answers as the function says; null where that answers by itself. */
export const listener = (asked: Array<Asked>, answers: Answers): RequestListener => async (request, response) => {
  const one = {
    method: request.method ?? "",
    url: request.url ?? "",
    token: request.headers.authorization ?? "",
    body: await bodyOf(request)
  }
  asked.push(one)
  const answer = answers(one, response)
  if (answer === null) return
  response.writeHead(answer.status ?? 200, { "content-type": "application/json" }).end(textOf(answer.body))
}

export const buildMessenger = Effect.fnUntraced(function*(change: Partial<Settings>, timing: Partial<Timing> = {}) {
  const events: Array<LifecycleEvent> = []
  const layer = MessengerHttp.pipe(Layer.provide([
    Layer.succeed(SidecarConfig, { ...settings, ...change }),
    Layer.succeed(Logger, { log: (event) => Effect.sync(() => void events.push(event)) }),
    Layer.succeed(HubTiming, { ...hubTiming, ...timing })
  ]))
  return { messenger: Context.get(yield* Layer.build(layer), Messenger), events }
})

/** The messenger and a hub that answers as the function says. */
export const withHub = Effect.fnUntraced(function*(answers: Answers, timing: Partial<Timing> = {}) {
  const asked: Array<Asked> = []
  const server = yield* startServer({ onRequest: listener(asked, answers) })
  return { ...yield* buildMessenger(server, timing), asked, server }
})

/** An entry of a mailbox or of the history. */
export const entry = (seq: number, fields: JsonObject = {}): JsonObject => ({
  from: "a",
  id: `id-${seq}`,
  payload: { n: seq },
  reply_to: null,
  seq,
  timestamp: 1_795_994_885_000 + seq,
  to: us,
  type: "chat",
  ...fields
})
