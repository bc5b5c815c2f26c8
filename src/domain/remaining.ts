/** What is left of a wait, in milliseconds. It is never more than the whole wait, even if the clock was set back. */
export const remaining = (since: number, wait_ms: number, now: number): number =>
  Math.min(wait_ms, Math.max(0, since + wait_ms - now))
