/** Lines that wait to be written. */
export const lineLimits = {
  queue_chars: 1024 * 1024, // lines beyond that are dropped and counted
  batch_chars: 64 * 1024, // in one write
  drain_ms: 400 // to write what is left at the end
} as const
