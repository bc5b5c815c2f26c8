import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { FileError } from "../storage/files.ts"

/** The limits of this folder alone. Waits are in milliseconds (`_ms`), sizes in bytes (`_bytes`) or as named. */
export const processLimits = {
  record_write_ms: 2_000, // from the creation of a record until its launcher has written the content
  first_poll_ms: 20, // the first wait of `polling`
  process_poll_ms: 1_000, // the longest wait of `polling`
  argument_bytes: 128 * 1024 - 1, // the limit of Linux, which is enough elsewhere
  windows_command_line_chars: 32_766,
  proc_file_bytes: 4 * 1024, // the first buffer for a file of /proc; it grows
  process_reads: 8, // entries of the process table read at once
  look_ms: 2_000, // to read one process or one record
  table_ms: 10_000, // to read all processes, which a busy machine does slowly
  tool_timeout_ms: 10_000, // `ps`, `sysctl`, `taskkill`
  tool_output_bytes: 16 * 1024 * 1024,

  // what the wake command prints
  log_bytes: 4 * 1024 * 1024, // a larger log is cut
  log_look_ms: 250, // between two looks at its size; it may exceed `log_bytes` by what is printed in that time
  log_head_bytes: 512 * 1024, // what a cut leaves of the beginning
  log_tail_bytes: 1024 * 1024, // what a cut leaves of the end
  earlier_log_bytes: 256 * 1024, // from earlier wakes; less than the head
  earlier_log_tail_bytes: 128 * 1024, // what is left of more than that
  log_cut_rounds: 64, // for what is written during a cut
  output_tail_chars: 1_000,
  output_read_bytes: 68 * 1024 // more than is quoted, so that no secret is cut before it is masked
} as const

/** A read that takes longer than `within_ms` fails with `ETIMEDOUT`, so that it cannot hold up the mailbox. */
export const inTime = <A>(
  path: string,
  look: Effect.Effect<A, FileError>,
  within_ms: number = processLimits.look_ms
): Effect.Effect<A, FileError> =>
  Effect.timeoutOrElse(look, {
    duration: within_ms,
    orElse: () =>
      Effect.fail(
        new FileError({ path, code: "ETIMEDOUT", reason: `${path} could not be read within ${within_ms} ms` })
      )
  })

/** For a wait that mostly ends soon: from 20 ms, doubling up to `process_poll_ms` between two looks. */
export const polling = Schedule.min([
  Schedule.exponential(processLimits.first_poll_ms),
  Schedule.spaced(processLimits.process_poll_ms)
])
