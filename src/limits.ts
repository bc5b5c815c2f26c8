/** The limits of more than one folder. A folder keeps its own in its `limits.ts`. Waits are in milliseconds (`_ms`), sizes in bytes (`_bytes`) or as named. */
export const limits = {
  // hub connection

  // hub exchanges

  // the agent

  // results folder
  answer_bytes: 16 * 1024 * 1024,

  // the daemon
  shutdown_ms: 900 // after a signal; supervisors kill a process that takes longer
  // doctor, logs and metrics

  // the recording
} as const
