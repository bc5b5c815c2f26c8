/** The limits of more than one folder. A folder keeps its own in its `limits.ts`. Waits are in milliseconds (`_ms`), sizes in bytes (`_bytes`) or as named. */
export const limits = {
  // hub connection
  reconnect_first_ms: 1_000,
  reconnect_cap_ms: 60_000,
  open_timeout_ms: 10_000,
  connect_attempt_ms: 2_500, // for each address of a name, or an equal share of the whole time if that is less
  identify_timeout_ms: 15_000,
  ping_interval_ms: 30_000,
  pong_timeout_ms: 10_000,
  max_cooldown_ms: 600_000,
  close_timeout_ms: 500,
  max_frame_bytes: 17 * 1024 * 1024, // the hub's limit is 16 MiB
  max_task_bytes: 10 * 1024 * 1024, // of the frame that assigns it; the hub accepts tasks of up to 8 MB
  large_frame_bytes: 256 * 1024, // a larger frame is noted on disk before it is parsed
  incoming_lives: 2, // of the daemon: more are not risked for one frame
  incoming_file_bytes: 4 * 1024,
  max_sent_frame_bytes: 17 * 1024 * 1024,
  unsent_pong_bytes: 64 * 1024, // while more waits to be sent, pings are not answered
  inbox_high_water_bytes: 1024 * 1024,
  inbox_burst_bytes: 4 * 1024 * 1024, // of frames at once
  inbox_bytes_a_ms: 4 * 1024, // of frames over a longer time: 4 MiB/s
  lookup_timeout_ms: 10_000,
  lookup_body_bytes: 32 * 1024 * 1024,

  json_depth: 500, // levels in a frame or a file of an agent
  json_values: 250_000, // in a frame or a file of an agent
  number_digits: 1_000, // of an integer that passes unchanged

  // hub exchanges
  assign_grace_ms: 5_000,
  rate_limit_min_ms: 1_000,
  hub_reason_chars: 2_000,
  echoed_payload_bytes: 64 * 1024,
  pending_exchanges: 16,

  // the agent
  wake_retries_ms: [5_000, 15_000, 30_000],
  progress_interval_ms: 5_000,
  kill_grace_ms: 5_000,
  kill_wait_ms: 10_000,
  process_poll_ms: 1_000,
  look_again_ms: 1_000, // while the sidecar waits for an end and cannot read the file that shows it
  output_tail_chars: 1_000,
  output_read_bytes: 68 * 1024, // more than is quoted, so that no secret is cut before it is masked
  payload_in_env_bytes: 96 * 1024,
  prompt_details_bytes: 32 * 1024,
  argument_bytes: 128 * 1024 - 1, // the limit of Linux, which is enough elsewhere
  windows_command_line_chars: 32_766,
  secret_chars: 8, // a shorter value is not masked, because it may be any word
  secret_in_answer_chars: 16, // a shorter value of a variable is not masked in an answer

  // results folder
  rescan_ms: 5_000,
  unwatch_retry_ms: 20, // between two attempts to end a watcher
  unwatch_retries: 50,
  half_written_ms: 10_000,
  answer_bytes: 16 * 1024 * 1024,
  reading_pause: 20, // a watch reads a file again after this many times the duration of the last read
  large_file_bytes: 1024 * 1024, // a watch reads a larger file only after `large_file_still_ms` without a change
  large_file_still_ms: 100,
  progress_bytes: 64 * 1024,
  orphans_a_look: 1_000, // tasks; the rest waits for the next look

  // the daemon
  shutdown_ms: 900, // after a signal; supervisors kill a process that takes longer
  control_answer_ms: 5_000,
  control_proof_ms: 2_000, // for a connection to prove that it may ask
  control_unproved: 32, // connections without proof; one more ends the oldest
  control_line_bytes: 4 * 1024,
  control_answer_bytes: 1024 * 1024,
  control_path_bytes: 100, // of a socket's path; the limit of some systems
  operator_requests: 4,
  starting_ms: 5_000, // for a sidecar that holds its folder to answer
  starting_look_ms: 200,
  lock_wait_ms: 5_000,
  lock_retry_min_ms: 25,
  lock_retry_max_ms: 100,
  disk_retry_ms: 5_000,
  readiness_probe_bytes: 64 * 1024, // written to find out whether a full disk has space again; a task needs no more
  state_file_bytes: 128 * 1024 * 1024,
  state_settles_ms: 2_000, // an invalid state is corrupt if it has not changed for this long
  unreadable_retry_ms: 500, // at a start, for a file that exists and cannot be read
  unreadable_wait_ms: 10_000,

  // doctor, logs and metrics
  log_line_bytes: 1024 * 1024, // a longer line is not shown
  log_poll_ms: 250,
  doctor_check_ms: 15_000, // a check that takes longer fails
  doctor_answer_ms: 10_000,
  doctor_event_ms: 2_000, // from a change to the watcher's event
  doctor_clock_skew_ms: 60_000,
  doctor_free_bytes: 256 * 1024 * 1024,
  doctor_output_bytes: 16 * 1024 * 1024, // of a program that doctor runs
  healthy_heartbeats: 2, // ping intervals that the hub may be silent
  metrics_connections: 32, // one more replaces the oldest idle one
  metrics_request_ms: 5_000,
  metrics_retry_ms: 60_000,
  telemetry_refresh_ms: 5_000,
  telemetry_flush_ms: 500, // at the end

  // the recording
  record_file_bytes: 64 * 1024 * 1024, // a larger file replaces `.1`
  record_excerpt_chars: 200, // of a frame that cannot be decoded
  record_clock_jump_ms: 1_000, // a larger jump means that the clock was set
  secret_piece_chars: 8 // a beginning or end of the token of this length is masked too
} as const
