/** What the log may take. */
export const loggerLimits = {
  value_chars: 4_000,
  terminal_retry_ms: 250 // until a terminal that takes nothing is asked again
} as const
