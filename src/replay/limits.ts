/** Every limit of a replay with its unit; the times are of the recording, not of who waits for its replay, unless they say so. */
export const limits = {
  // reading
  line_bytes: 64 * 1024 * 1024,
  line_depth: 2_000, // levels of JSON; what is deeper could not be written again
  window_entries: 4_096, // how far ahead of itself a replay of frames alone knows the recording
  window_bytes: 64 * 1024 * 1024,
  pipe_bytes: 64 * 1024, // of a named pipe, read at once
  pipe_pause_ms: 20, // by the clock of who waits, until its writer has said more

  // time
  set_back_ms: 1_000, // a line that is this much earlier than the one before it shows a clock that was set back
  gap_ms: 24 * 60 * 60_000, // of silence; time beyond it is taken to have stood still
  tail_ms: 60_000, // how long a replay of frames alone goes on after the last line

  // what stands in where a recording has frames alone
  connect_ahead_ms: 120_000, // an `identify` this near ahead is the connection that comes next
  hub_answers_in_ms: 1,
  hub_answer_ms: 10_000, // how far ahead the recorded sidecar sends a frame for its answer to be the answer to ours
  confirms_after_ms: 1_000,
  works_ms: 10 * 60_000,
  fails_after_ms: 10,
  ends_after_ms: 10, // after the answer
  stops_in_ms: 50,
  wake_failure_ms: 1_000, // a `task_failed` this soon after a failed `wake_result` is no answer of the agent
  agents: 1_000,
  untold: 1_000, // observations that nobody watched for, of one task

  // comparison
  near_ms: 2_000, // two frames this near to each other are one, where nothing speaks against it
  pair_ms: 60_000, // frames farther apart are never one
  pair_frames: 64,
  held_events: 20_000, // events that wait until it is known how the frames before them compare
  wakes_listed: 1_000, // tasks
  steps_kept: 1_000 // until it is known how the frames compare that they led to
} as const
