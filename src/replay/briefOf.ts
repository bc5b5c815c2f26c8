import type { Command } from "../domain/Command.ts"
import { aboutOf } from "./stepEvents.ts"

const detailOf = (command: Command): string | number | boolean | null => {
  switch (command._tag) {
    case "Identify":
    case "SendWakeResult":
      return command.status
    case "SendReport":
      return command.report._tag
    case "SendProgress":
      return command.progress.progress
    case "WakeAgent":
      return command.work.wake_attempts
    case "WatchResults":
      return command.wake_id === null ? "whoever woke it" : null
    case "RetryWake":
      return command.failed_attempts
    case "StopAgent":
      return command.linger_ms
    case "SetAside":
      return command.folder
    case "RemoveFiles":
      return command.keep_answer ? "but the answer" : null
    case "StartTimer":
    case "CancelTimer":
      return command.timer
    case "Log":
      return command.event.event
    case "Exit":
      return command.code
    default:
      return null
  }
}

/** A command in a few words, the same whenever it is decided on: without times, and without what an agent or the hub wrote. */
export const briefOf = (command: Command): string =>
  [command._tag, aboutOf(command), detailOf(command)].filter((part) => part !== null).join(" ")
