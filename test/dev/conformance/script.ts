import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"

/** Something that was done and that the file does not show as a frame. */
export const Action = Schema.Struct({
  /** Seconds since the first line. It is done before the first line of that time. */
  at: Schema.optionalKey(Schema.Finite),
  /** Or it is done at the line of the file that begins like this. */
  line: Schema.optionalKey(Schema.String),
  why: Schema.optionalKey(Schema.String),
  post: Schema.optionalKey(Schema.String),
  body: Schema.optionalKey(Schema.Unknown),
  /** The agent whose token the call has; an operator's token by default. */
  token: Schema.optionalKey(Schema.String),
  /** The recorded id of the task that the call creates. */
  as: Schema.optionalKey(Schema.String),
  socket: Schema.optionalKey(Schema.String),
  send: Schema.optionalKey(Schema.Unknown),
  binary: Schema.optionalKey(Schema.String),
  times: Schema.optionalKey(Schema.Int),
  /** Another agent joins, on a socket of its name or of another one. */
  identify: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.String),
  capabilities: Schema.optionalKey(Schema.Array(Schema.String)),
  /** A socket ends from its own side. */
  end: Schema.optionalKey(Schema.String),
  /** All that a socket got so far is of no interest. */
  forget: Schema.optionalKey(Schema.String),
  /** The hub restarts; all sockets end. */
  restart: Schema.optionalKey(Schema.Boolean),
  /** The line is not played, and why. */
  skip: Schema.optionalKey(Schema.String),
  /** The recorded session's own socket ends. */
  close: Schema.optionalKey(Schema.Int),
  /** The line says how often a socket got the same message. */
  copies: Schema.optionalKey(Schema.String),
  /** The line says whether GET /api/agents lists the agent. */
  listed: Schema.optionalKey(Schema.String),
  /** The line says what the hub thinks that the agent does: `idle`. */
  phase: Schema.optionalKey(Schema.String),
  /** The line says what the agent's presence has as its status, as JSON. */
  says: Schema.optionalKey(Schema.String),
  /** The line says the status of the task. */
  task: Schema.optionalKey(Schema.String),
  /** The line says how many frames of each type the socket got: `message_sent 60`. */
  counts: Schema.optionalKey(Schema.String),
  /** The line says the payloads in the agent's mailbox, as JSON. */
  mailbox: Schema.optionalKey(Schema.String)
})
export type Action = typeof Action.Type

const Script = Schema.Struct({
  hub: Schema.optionalKey(Schema.Struct({
    assignDelayMs: Schema.optionalKey(Schema.Int),
    pushDelayMs: Schema.optionalKey(Schema.Int),
    messageCostMs: Schema.optionalKey(Schema.Int)
  })),
  /** Agents that are registered and of which the file shows no frame. */
  absent: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The agent whose token the HTTP lines have, unless the path or an action names another; an operator's by default. */
  caller: Schema.optionalKey(Schema.String),
  /** Types of frames that the lines do not show, or not all of them. */
  hides: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The agent whose token each identify of a recording has; the agent's own token by default. */
  tokens: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The capabilities of the agent behind a socket; only its own name by default. */
  capabilities: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.String))),
  actions: Schema.Array(Action)
})
export type Script = typeof Script.Type

const Scripts = Schema.Struct({
  recordings: Schema.Record(Schema.String, Script),
  probes: Schema.Record(Schema.String, Script)
})

export const fixture = (path: string): URL => new URL(`../../fixtures/hub/${path}`, import.meta.url)

export const scripts = Schema.decodeSync(Schema.fromJsonString(Scripts))(
  readFileSync(fixture("actions.json"), "utf8")
)

const Repeat = Schema.Struct({ repeat: Schema.Tuple([Schema.String, Schema.Int]) })
const InMs = Schema.Struct({ inMs: Schema.Int })

/** The value with long texts written out and times counted from `now`. */
export const expand = (value: unknown, now: number): unknown => {
  if (Schema.is(Repeat)(value)) return value.repeat[0].repeat(value.repeat[1])
  if (Schema.is(InMs)(value)) return now + value.inMs
  if (Array.isArray(value)) return value.map((one) => expand(one, now))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expand(one, now)]))
}
