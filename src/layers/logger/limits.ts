/** What the log may take. */
export const loggerLimits = {
  file_bytes: 16 * 1024 * 1024, // then the file becomes `.1`, in place of the one before
  value_chars: 4_000,
  stream_queue_bytes: 1024 * 1024
} as const
