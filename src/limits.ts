/** The limits of more than one folder; others are in the `limits.ts` of theirs. Waits are in milliseconds (`_ms`), sizes in bytes (`_bytes`) or as named. */
export const limits = {
  // hub connection
  reconnect_first_ms: 1_000,
  reconnect_cap_ms: 60_000,
  open_timeout_ms: 10_000,
  connect_attempt_ms: 2_500, // for each address of a name, or its share of the whole where that is less
  identify_timeout_ms: 15_000,
  ping_interval_ms: 30_000,
  pong_timeout_ms: 10_000,
  half_open_recheck_ms: 90_000,
  max_cooldown_ms: 600_000,
  close_timeout_ms: 500,
  max_frame_bytes: 17 * 1024 * 1024, // the hub takes 16 MiB
  max_task_bytes: 10 * 1024 * 1024, // of the frame that assigns it; the hub takes 8 MB from whoever gives a task
  large_frame_bytes: 256 * 1024, // of a frame that is noted before it is parsed
  incoming_lives: 2, // that a frame may end
  incoming_file_bytes: 4 * 1024,
  max_sent_frame_bytes: 17 * 1024 * 1024,
  unsent_pong_bytes: 64 * 1024, // while so much waits to be sent, a ping is not answered
  inbox_high_water_bytes: 1024 * 1024,
  inbox_burst_bytes: 4 * 1024 * 1024, // of frames that may come at once
  inbox_bytes_a_ms: 4 * 1024, // 4 MiB/s of them for long
  lookup_ms: 60_000, // from one look-up of an unresolved task to the next
  lookup_timeout_ms: 10_000,
  lookup_body_bytes: 32 * 1024 * 1024,

  json_depth: 500, // levels, of a frame or of what an agent wrote
  json_values: 250_000, // in it
  number_digits: 1_000, // of a whole number that passes unchanged

  // hub exchanges
  answer_timeout_ms: 15_000,
  assign_grace_ms: 5_000,
  rate_limit_min_ms: 1_000,
  rate_limit_max_ms: 60_000,
  hub_reason_chars: 2_000,
  echoed_payload_bytes: 64 * 1024,
  pending_exchanges: 16,

  // the agent
  wake_retries_ms: [5_000, 15_000, 30_000],
  check_ms: 60_000, // from one inspection of an agent at work to the next, and so of its lease
  progress_interval_ms: 5_000,
  late_answer_ms: 10_000,
  agent_linger_ms: 15_000,
  kill_grace_ms: 5_000,
  kill_wait_ms: 10_000,
  process_poll_ms: 1_000,
  look_again_ms: 1_000, // while an end is waited for, and what would tell it cannot be read
  output_tail_chars: 1_000,
  output_read_bytes: 68 * 1024, // for that: more than is quoted, so that no secret is cut before it is hidden
  give_back_ms: 30_000, // so long nothing of a wake can be written down, then the hub has the task back
  short_wake_ms: 30_000, // who fails in that time may not be able to work at all
  failure_pauses_ms: [30_000, 60_000, 300_000], // after the first, the second and each later failure in a row
  payload_in_env_bytes: 96 * 1024,
  prompt_details_bytes: 32 * 1024,
  argument_bytes: 128 * 1024 - 1, // Linux takes no more, and elsewhere it is enough
  windows_command_line_chars: 32_766,
  secret_chars: 8, // a shorter value is masked nowhere, as it could be any word
  secret_in_answer_chars: 16, // a shorter value of a variable is left in an answer

  // results folder
  rescan_ms: 5_000,
  unwatch_retry_ms: 20, // a watcher that cannot be ended yet is asked again
  unwatch_retries: 50,
  half_written_ms: 10_000,
  answer_bytes: 16 * 1024 * 1024,
  reading_pause: 20, // times as long as the last reading of a file took, until a watch reads it again
  large_file_bytes: 1024 * 1024, // of what a watch reads only when it has not changed for a while
  large_file_still_ms: 100,
  progress_bytes: 64 * 1024,
  orphans_look_ms: 24 * 60 * 60 * 1_000,
  orphans_a_look: 1_000, // tasks; the rest waits for the next

  // the daemon
  mailbox_messages: 1_024,
  shutdown_ms: 900, // after a signal, as a supervisor kills what takes longer
  own_end_ms: 5_000, // where nobody waits, so that a busy machine does not cost the exit code
  end_poll_ms: 10, // until what holds up the end is looked at again
  last_words_ms: 50, // for what is left of the log, where the end is forced
  control_answer_ms: 5_000,
  control_proof_ms: 2_000, // for one connection to prove that it may ask
  control_unproved: 32, // connections that have proved nothing; one more ends the oldest
  control_line_bytes: 4 * 1024,
  control_answer_bytes: 1024 * 1024,
  control_path_bytes: 100, // of a socket's path; some systems take no more
  operator_requests: 4,
  loop_look_ms: 5_000,
  loop_stall_ms: 1_000, // an event loop that stood still for longer is told of
  status_interval_ms: 1_000,
  drain_look_ms: 100, // at the lock of a sidecar that is to end
  starting_ms: 5_000, // a sidecar that holds its folder is given this time until it answers
  starting_look_ms: 200,
  lock_wait_ms: 5_000,
  lock_retry_min_ms: 25,
  lock_retry_max_ms: 100,
  folder_look_ms: 30_000, // whether the folder is still the one that was locked
  disk_retry_ms: 5_000,
  readiness_probe_bytes: 64 * 1024, // that tell whether there is room where there was none; a task needs no more
  readiness_ms: 30_000, // between two looks, and from a closed connection to the next
  state_file_bytes: 128 * 1024 * 1024,
  state_settles_ms: 2_000, // a state that makes no sense is corrupt when it has not changed for so long
  unreadable_retry_ms: 500, // at a start: what is there and cannot be read
  unreadable_wait_ms: 10_000,
  task_id_chars: 128,

  // doctor, logs and metrics
  log_line_bytes: 1024 * 1024, // a longer one is not shown
  log_poll_ms: 250,
  doctor_check_ms: 15_000, // a check that takes longer has failed
  doctor_answer_ms: 10_000,
  doctor_event_ms: 2_000, // from a file to the watcher's event
  doctor_clock_skew_ms: 60_000,
  doctor_free_bytes: 256 * 1024 * 1024,
  doctor_output_bytes: 16 * 1024 * 1024, // of a program that is asked
  healthy_heartbeats: 2, // how long the hub may be silent
  metrics_connections: 32, // one more takes the place of the oldest that asks nothing
  metrics_request_ms: 5_000,
  metrics_retry_ms: 60_000,
  telemetry_refresh_ms: 5_000,
  telemetry_flush_ms: 500, // at the end

  // the recording
  record_file_bytes: 64 * 1024 * 1024, // then the file becomes `.1`, in place of the one before
  record_excerpt_chars: 200, // of a frame that cannot be read
  record_clock_jump_ms: 1_000, // from here on the clock was set
  secret_piece_chars: 8 // that begin or end the token betray it
} as const
