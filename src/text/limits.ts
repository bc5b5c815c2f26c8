/** What waits to be written as lines. */
export const lineLimits = {
  queue_chars: 1024 * 1024, // what does not fit is lost, and counted
  batch_chars: 64 * 1024, // of one write
  drain_ms: 400 // for what is left at the end
} as const
