import { type ReplayEvent, workOf } from "../ReplayEvent.ts"

const second_ms = 1_000
const day_ms = 86_400_000

/** A time as its user gives it, once it is known when the recording begins; epoch milliseconds. */
export type Moment = (first_t: number) => number

const ofDay = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?$/

/** A date and a time; Date.parse takes it for a local one, and the timeline is in UTC. */
const withoutZone = /^[\d-]+[T ][\d:.]+$/i

/**
 * Reads an ISO time, HH:MM:SS of a day (UTC), or seconds from the beginning; `null` where it is none of them. One of a day
 * is the nearest to the beginning.
 */
export const parseMoment = (text: string): Moment | null => {
  if (/^\d{1,12}(?:\.\d{1,3})?$/.test(text)) return (first_t) => first_t + Number(text) * second_ms
  const [, hours, minutes, seconds = "0"] = ofDay.exec(text) ?? []
  if (hours !== undefined) {
    const into_ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * second_ms
    if (into_ms >= day_ms || Number(minutes) > 59 || Number(seconds) >= 60) return null
    return (first_t) => {
      const t = first_t - first_t % day_ms + into_ms
      if (t < first_t - day_ms / 2) return t + day_ms
      return t > first_t + day_ms / 2 ? t - day_ms : t
    }
  }
  const t = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(withoutZone.test(text) ? `${text}Z` : text) : Number.NaN
  return Number.isNaN(t) ? null : () => t
}

/** What of a replay is printed. */
export interface Cut {
  readonly from: Moment | null
  readonly to: Moment | null
  readonly task: string | null
}

const always: ReadonlySet<ReplayEvent["kind"]> = new Set(["file", "end"])

/** Whether an event is printed. The first that is asked about tells when the recording begins. */
export const makeCut = ({ from, task, to }: Cut): (event: ReplayEvent) => boolean => {
  let first_t: number | null = null
  return (event) => {
    first_t ??= event.t
    if (always.has(event.kind)) return true
    if (from !== null && event.t < from(first_t)) return false
    if (to !== null && event.t > to(first_t)) return false
    return task === null || workOf(event) === task
  }
}
