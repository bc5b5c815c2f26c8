/** The exit codes of the program. A supervisor must not restart the sidecar after `stopped`, `folderInUse` and `configuration`. */
export const exitCodes = {
  stopped: 0,
  unforeseen: 1,
  different: 1, // a dry run found a difference
  problemFound: 1, // doctor found a problem
  usage: 2,
  notARecording: 65,
  refused: 65, // send: nobody takes the message
  hubUnusable: 69,
  unanswered: 69, // status, drain and inbox: a sidecar holds the folder and does not answer; send --wait: no reply came
  folderInUse: 73,
  unreadable: 74,
  restart: 75,
  configuration: 78,
  stoppedUnderPm2: 79,
  interrupted: 130, // SIGINT stopped a dry run, a drain or a send
  terminated: 143 // another signal stopped one of these
} as const

/**
 * The exit code of the sidecar under pm2. For pm2 a death by a signal is a 0. If pm2 did not restart after 0, it would not restart
 * a sidecar that was killed.
 */
export const codeUnderPm2 = (code: number, environment: Readonly<Record<string, string | undefined>>): number =>
  code === exitCodes.stopped && environment["pm_id"] !== undefined ? exitCodes.stoppedUnderPm2 : code
