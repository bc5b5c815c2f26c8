/** The limits of the process layer alone. Waits are in milliseconds, sizes in bytes or as named. */
export const wakerLimits = {
  record_write_ms: 2_000, // a launcher that has made its record owes its content
  first_poll_ms: 20, // waits for an end begin so short and double up to `process_poll_ms`
  proc_file_bytes: 4 * 1024, // room for one to begin with; it grows
  process_reads: 8, // entries of the process table read at once
  look_ms: 2_000, // a process, a record: one that takes longer to be read is not known
  table_ms: 10_000, // all processes together, which a busy machine is slow to tell of
  tool_timeout_ms: 10_000, // `ps`, `sysctl`, `taskkill`
  tool_output_bytes: 16 * 1024 * 1024,

  // what the wake command prints
  log_bytes: 4 * 1024 * 1024, // a larger log is cut
  log_look_ms: 250, // what it can print between two looks comes on top
  log_head_bytes: 512 * 1024, // what a cut leaves of the beginning
  log_tail_bytes: 1024 * 1024, // and of the end
  earlier_log_bytes: 256 * 1024, // of earlier wakes; less than the head
  earlier_log_tail_bytes: 128 * 1024, // what is left of more
  log_cut_rounds: 64 // for what is written during a cut
} as const
