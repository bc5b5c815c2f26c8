import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { Settings } from "../config/SidecarConfig.ts"
import { makeRecorder, RecordingImpossible } from "../observe/record/record.ts"
import { platform } from "../platform.ts"
import { format_version, type Header } from "../replay/format.ts"
import { leadsToOneOf } from "../secrets/ownFiles.ts"
import { knownSecrets, quotable } from "../secrets/secret.ts"
import { version } from "../version.ts"
import { withoutQuery } from "./readable.ts"

/** The settings that a recording shows unchanged: how the sidecar behaves, and where its files are. */
const shown = [
  "wake_command_blocks",
  "messages",
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

/** The header of a recording, without secrets. */
export const headerOf = Effect.fnUntraced(function*(settings: Settings) {
  const { agent_id, hub_api_url, hub_url, wake_command } = settings
  const secrets = knownSecrets(settings, process.env)
  const masked = (text: string) => quotable(text, secrets)
  return {
    format: format_version,
    version,
    agent_id,
    platform,
    continues: false,
    config: {
      ...Struct.pick(settings, shown),
      hub_url: withoutQuery(hub_url),
      hub_api_url: withoutQuery(hub_api_url),
      wake_command: yield* typeof wake_command === "string"
        ? masked(wake_command)
        : Effect.forEach(wake_command, masked)
    }
  } satisfies Header
})

/**
 * The observer that records into the file. It refuses the sidecar's own files: the lock of a file is lost as soon as its holder
 * opens and closes the file once more.
 */
export const recorderOf = Effect.fnUntraced(function*(settings: Settings, path: string) {
  if (leadsToOneOf(path, settings.own_files)) {
    return yield* new RecordingImpossible({ path, reason: "it is one of the sidecar's own files", passes: false })
  }
  return yield* makeRecorder({ path, header: yield* headerOf(settings), secret: settings.token })
})
