/** Every limit of a replay with its unit; the times are of the recording, not of who waits for its replay, unless they say so. */
export const limits = {
  // reading
  line_bytes: 64 * 1024 * 1024,
  line_depth: 2_000, // levels of JSON; what is deeper could not be written again
  window_entries: 4_096, // how far ahead of itself a replay knows the recording
  window_bytes: 64 * 1024 * 1024,
  pipe_bytes: 64 * 1024, // of a named pipe, read at once
  pipe_pause_ms: 20, // by the clock of who waits, until its writer has said more

  // time
  set_back_ms: 1_000, // a line that is this much earlier than the one before it shows a clock that was set back
  gap_ms: 24 * 60 * 60_000, // of silence; time beyond it is taken to have stood still
  tail_ms: 60_000, // how long the replay goes on after the last line

  // scripted by a recording: how far ahead a fact is the outcome of what is asked for now
  outcome_ms: 10_000,
  look_up_outcome_ms: 15_000,
  stop_outcome_ms: 60_000,
  disconnect_ms: 2_000,
  save_ms: 60_000,
  writes_a_line: 64, // that were over before it
  timer_late_ms: 2_000,
  timer_early_ms: 50,
  connect_ahead_ms: 120_000,

  // what stands in where a recording has no facts
  hub_answers_in_ms: 1,
  hub_answer_ms: 10_000, // how far ahead the recorded sidecar sends a frame for its answer to be the answer to ours
  confirms_after_ms: 1_000,
  works_ms: 10 * 60_000,
  fails_after_ms: 10,
  ends_after_ms: 10, // after the answer
  stops_in_ms: 50,
  wake_failure_ms: 1_000, // a `task_failed` this soon after a failed `wake_result` is no answer of the agent
  hub_messages: 10_000,
  agents: 1_000,
  untold: 1_000, // observations that nobody watched for, of one task

  // comparison
  near_ms: 2_000, // two frames this near to each other are one, where nothing speaks against it
  pair_ms: 60_000, // frames farther apart are never one
  pair_frames: 64,
  held_events: 20_000, // events that wait until it is known how the frames before them compare
  wakes_listed: 1_000 // tasks
} as const
