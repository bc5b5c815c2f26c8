/** What the log may take. */
export const loggerLimits = {
  value_chars: 4_000,
  stream_queue_bytes: 1024 * 1024
} as const
