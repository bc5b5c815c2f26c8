import * as Record from "effect/Record"
import type { Hub } from "./hub.ts"
import type { JsonObject } from "./json.ts"
import type { FieldError } from "./schemaCheck.ts"

/** A request with its decoded body. */
export interface Request {
  readonly method: string
  /** The decoded segments of the path: `["api", "tasks"]`. */
  readonly path: ReadonlyArray<string>
  readonly query: ReadonlyMap<string, string>
  readonly token: string | undefined
  readonly body: JsonObject
  readonly address: string
  /** `HOST:PORT` as the client knows it. */
  readonly host: string
}

export interface Response {
  readonly status: number
  readonly body?: JsonObject
}

/** A request with what the hub knows of it. */
export interface Call extends Request {
  readonly hub: Hub
  readonly now: number
  /** The agent of the token; empty without one. */
  readonly agentId: string
  /** The segment of the path that the route's `*` matches. */
  readonly name: string
}

/** Gets the response when there is one. */
export type Respond = (response: Response) => void

/** Answers a call at once, or says how to get the response. */
export type Answer = (call: Call) => Response | ((respond: Respond) => void)

export const reply = (status: number, body: JsonObject): Response => ({ status, body })

export const invalid = (errors: ReadonlyArray<FieldError>): Response =>
  reply(422, { error: "validation_failed", errors })

/** What the real hub answers when the process of a request crashes. */
export const crashed: Response = { status: 500 }

const integer = (text: string): number => /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN

/** Answers with numbers of the query. The real hub crashes on one that is no integer. */
export const withNumbers = <Name extends string>(
  fallbacks: Readonly<Record<Name, number>>,
  answer: (numbers: Readonly<Record<Name, number>>, call: Call) => Response
): Answer =>
(call) => {
  const numbers = Record.map(fallbacks, (fallback, name) => {
    const given = call.query.get(name)
    return given === undefined ? fallback : integer(given)
  })
  return Object.values(numbers).some(Number.isNaN) ? crashed : answer(numbers, call)
}
