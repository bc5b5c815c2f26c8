/** What the process ends with; a supervisor restarts it on all but `stopped`, `folderInUse` and `configuration`. */
export const exitCodes = {
  stopped: 0,
  unforeseen: 1,
  different: 1, // of a dry run
  usage: 2,
  notARecording: 65,
  hubUnusable: 69,
  folderInUse: 73,
  restart: 75,
  configuration: 78
} as const
