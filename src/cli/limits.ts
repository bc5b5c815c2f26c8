/** The limits of the commands alone, in milliseconds. */
export const cliLimits = {
  own_end_ms: 5_000, // for an end that nobody asked for; a busy machine must not lose the exit code
  end_poll_ms: 10, // between two checks for work that holds up the end
  last_words_ms: 50, // for the rest of the log in a forced end
  status_interval_ms: 1_000,
  drain_look_ms: 100 // between two checks whether the sidecar has ended
} as const
