const unit_ms: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The last time that the clock on the wall showed it. */
const clockTime = (hours: number, minutes: number, seconds: number, now: number): number => {
  const at = new Date(now).setHours(hours, minutes, seconds, 0)
  return at > now ? new Date(at).setDate(new Date(at).getDate() - 1) : at
}

/**
 * The moment that is meant, in epoch milliseconds, by how long ago it is (`10m`; s, m, h or d), by the clock (`14:30`) or
 * by a date, with a time or without; local where it names no zone. Undefined where it is none of these.
 */
export const parseSince = (text: string, now: number): number | undefined => {
  const [, count, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (unit_ms[unit] ?? 0)
  const [, hours, minutes, seconds = "0"] = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text) ?? []
  if (hours !== undefined) return clockTime(Number(hours), Number(minutes), Number(seconds), now)
  // A date alone would be read as UTC.
  const at = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text)
  return /^\d{4}-/.test(text) && !Number.isNaN(at) ? at : undefined
}
