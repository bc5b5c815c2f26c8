import { processLimits } from "../process/limits.ts"

/** The limits of `exec` alone. Waits are in milliseconds (`_ms`), sizes in bytes (`_bytes`) or as named. */
export const execLimits = {
  output_bytes: 256 * 1024, // of standard output in an answer: half from its beginning, half from its end
  json_bytes: 8 * 1024 * 1024, // of standard output that is the answer itself
  tail_bytes: processLimits.output_read_bytes, // of each stream, to quote in a failure
  log_bytes: 1024 * 1024, // of each stream, passed on to our own
  line_chars: 1_000, // of a line that is told as progress
  drain_ms: 1_000, // for output after the end, because something else may hold the pipe open
  stop_notice_ms: 100, // a signal for us and the command may end the command before it reaches us
  pass_on_ms: 200, // a signal to the whole group has reached the command already, which then ends by itself
  silence_told_ms: 10 * 60_000, // without output, after which that is told as progress
  silence_look_ms: 1_000, // between two looks at how long there was no output
  stop_grace_ms: 5_000, // between TERM and KILL for a command that is stopped because it is silent
  signals: 16,
  write_retries: 120 // every `disk_retry_ms`
} as const
