import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import { quote, readable } from "../../text/readable.ts"
import { loggerLimits } from "./limits.ts"

/** One event as it is logged. `ts` is ISO 8601 in UTC. */
export type LogRecord = LifecycleEvent & { readonly ts: string; readonly agent_id: string }

/** A text as the log may hold it: without the secret, and not longer than a line may be. */
const clean = (text: string, secret: string): string => {
  const masked = text.replaceAll(secret, "<redacted>")
  return masked.length <= loggerLimits.value_chars ? masked : `${masked.slice(0, loggerLimits.value_chars)}…`
}

const fields = ({ ts, event, agent_id, ...rest }: LogRecord, secret: string): ReadonlyArray<[string, unknown]> =>
  Object.entries({ ts, event, agent_id, ...rest }).map(([key, value]) => [
    key,
    typeof value === "string" ? clean(value, secret) : value
  ])

/** The event as one line of JSON, without `secret`. */
export const jsonLine = (record: LogRecord, secret: string): string =>
  `${quote(Object.fromEntries(fields(record, secret)))}\n`

/** The event as a line for people, without `secret`. */
export const readableLine = (record: LogRecord, secret: string): string => {
  const rest = fields(record, secret).filter(([key]) => !["ts", "event", "agent_id"].includes(key))
  return `${readable(record.ts, record.event, rest)}\n`
}
