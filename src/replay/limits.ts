/** Every limit of a replay with its unit. Times are of the recording unless the comment says otherwise. */
export const limits = {
  // reading
  line_bytes: 64 * 1024 * 1024,
  line_depth: 2_000, // levels of JSON; deeper JSON could not be written again
  window_entries: 4_096, // how far a replay of frames only looks ahead
  window_bytes: 64 * 1024 * 1024,
  pipe_bytes: 64 * 1024, // per read from a named pipe
  pipe_pause_ms: 20, // real time until a silent pipe is read again

  // time
  set_back_ms: 1_000, // a line that is earlier than the one before it by more than this shows that the clock was set back
  gap_ms: 24 * 60 * 60_000, // the longest silence that is replayed; then time stands still
  tail_ms: 60_000, // how long a replay of frames only continues after the last line

  // the simulated agent and hub, for recordings of frames only
  reconnects_after_ms: 1_000, // as the connection of the sidecar itself
  connect_ahead_ms: 120_000, // an `identify` within this time is the next connection
  hub_answers_in_ms: 1,
  hub_answer_ms: 10_000, // a recorded frame within this time of ours has the hub's answer to ours
  confirms_after_ms: 1_000,
  works_ms: 10 * 60_000,
  fails_after_ms: 10,
  ends_after_ms: 10, // after the answer
  stops_in_ms: 50,
  wake_failure_ms: 1_000, // a `task_failed` within this time of a failed `wake_result` is no answer of the agent
  agents: 1_000,
  unseen: 1_000, // observations of one task that are kept while nobody watches it

  // comparison
  near_ms: 2_000, // frames within this time are paired in order
  pair_ms: 60_000, // how long a frame waits for its pair
  pair_frames: 64, // frames that wait for their pair
  held_events: 20_000, // events that wait for the comparison of a frame before them
  wakes_listed: 1_000, // tasks
  steps_kept: 1_000, // to find the step of a differing frame

  // the page
  drawn_events: 50_000, // later events are only counted, and the page says so
  text_chars: 4_000, // of one event
  texts_chars: 32 * 1024 * 1024, // of all events; after that each text is cut to `late_text_chars`
  late_text_chars: 200,
  label_chars: 40,
  description_chars: 160,
  listed: 500 // tasks, differences and faults in the list beside the diagram, each
} as const
