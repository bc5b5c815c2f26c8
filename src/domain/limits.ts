/** The limits of the rules, in milliseconds (`_ms`) or as named. */
export const domainLimits = {
  // the connection and its exchanges
  half_open_recheck_ms: 90_000,
  assign_grace_ms: 5_000,
  lookup_ms: 60_000, // between two look-ups of an unresolved task
  answer_timeout_ms: 15_000,
  rate_limit_min_ms: 1_000,
  rate_limit_max_ms: 60_000,
  pending_exchanges: 16,
  readiness_ms: 30_000, // between two checks, and from the end of a connection to the next check
  task_id_chars: 128,
  disk_retry_ms: 5_000,

  // the agent
  wake_retries_ms: [5_000, 15_000, 30_000],
  check_ms: 60_000, // between two inspections of an agent at work, and so between two renewals of its lease
  progress_interval_ms: 5_000,
  late_answer_ms: 10_000,
  agent_linger_ms: 15_000,
  give_back_ms: 30_000, // a wake that cannot be written to disk for so long is given back to the hub
  short_wake_ms: 30_000, // an agent that fails sooner may not be able to work at all
  failure_pauses_ms: [30_000, 60_000, 300_000] // after the first, the second and each later failure in a row
} as const
