/** What the log may hold. */
export const loggerLimits = {
  value_chars: 4_000,
  hub_text_chars: 200, // of the hub's text in frames that mean nothing to us
  repeats_shown: 20, // equal events in a window
  repeats_window_ms: 60_000,
  repeats_known: 256, // different events at a time
  terminal_retry_ms: 250 // until a terminal that takes nothing is tried again
} as const
