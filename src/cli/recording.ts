import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { Settings } from "../config/SidecarConfig.ts"
import { makeRecorder, RecordingImpossible } from "../observe/record/record.ts"
import { platform } from "../platform.ts"
import { format_version, type Header } from "../replay/format.ts"
import { leadsToOneOf } from "../secrets/ownFiles.ts"
import { quotable } from "../secrets/quoted.ts"
import { knownSecrets } from "../secrets/secret.ts"
import { version } from "../version.ts"
import { withoutQuery } from "./withoutQuery.ts"

/** What a recording tells of the settings as they are: how the sidecar behaves, and where its files are. */
const told = [
  "wake_command_blocks",
  "capabilities",
  "confirmation_timeout_ms",
  "agent_silence_ms",
  "task_timeout_ms",
  "kill_grace_ms",
  "retention_days",
  "results_dir",
  "tasks_dir",
  "state_file",
  "log_file"
] as const satisfies ReadonlyArray<keyof Settings>

export const headerOf = Effect.fnUntraced(function*(settings: Settings) {
  const { agent_id, hub_api_url, hub_url, wake_command } = settings
  const secrets = knownSecrets(settings, process.env)
  const masked = (text: string) => quotable(text, secrets)
  const header: Header = {
    format: format_version,
    version,
    agent_id,
    platform,
    continues: false,
    config: {
      ...Struct.pick(settings, told),
      hub_url: withoutQuery(hub_url),
      hub_api_url: withoutQuery(hub_api_url),
      wake_command: yield* typeof wake_command === "string"
        ? masked(wake_command)
        : Effect.forEach(wake_command, masked)
    }
  }
  return header
})

/**
 * The recorder of a sidecar with these settings into the file, which is none of the sidecar's own: the system frees the lock
 * of a file that its holder opens and closes once more.
 */
export const recorderOf = Effect.fnUntraced(function*(settings: Settings, path: string) {
  if (leadsToOneOf(path, settings.own_files)) {
    return yield* new RecordingImpossible({ path, reason: "it is one of the sidecar's own files", passes: false })
  }
  return yield* makeRecorder({ path, header: yield* headerOf(settings), secret: settings.token })
})
