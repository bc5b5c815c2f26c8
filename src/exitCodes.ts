/** What the process ends with; a supervisor restarts it on all but `stopped`, `folderInUse` and `configuration`. */
export const exitCodes = {
  stopped: 0,
  unforeseen: 1,
  different: 1, // of a dry run
  unwell: 1, // of doctor
  usage: 2,
  notARecording: 65,
  hubUnusable: 69,
  unanswered: 69, // of status and drain: a sidecar holds the folder and does not answer
  folderInUse: 73,
  unreadable: 74,
  restart: 75,
  configuration: 78,
  stoppedUnderPm2: 79,
  interrupted: 130, // a dry run or a drain, by SIGINT
  terminated: 143 // a dry run or a drain, by any other signal
} as const

/**
 * The code of the sidecar's end as pm2 has to see it: it takes the death by a signal for a 0, so that `stopped` would have
 * it never start again what was killed.
 */
export const underSupervisor = (code: number, env: Readonly<Record<string, string | undefined>>): number =>
  code === exitCodes.stopped && env["pm_id"] !== undefined ? exitCodes.stoppedUnderPm2 : code
