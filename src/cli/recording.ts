import * as Struct from "effect/Struct"
import { platform } from "../platform.ts"
import { format_version, type Header } from "../replay/format.ts"
import { makeRecorder } from "../replay/record/record.ts"
import type { Settings } from "../SidecarConfig.ts"
import { version } from "../version.ts"
import { maskSecrets, secretsIn } from "../wake/maskSecrets.ts"
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

export const headerOf = (settings: Settings): Header => {
  const { agent_id, hub_api_url, hub_url, wake_command } = settings
  const secrets = secretsIn(process.env)
  const masked = (text: string) => maskSecrets(text, secrets)
  return {
    format: format_version,
    version,
    agent_id,
    platform,
    continues: false,
    config: {
      ...Struct.pick(settings, told),
      hub_url: withoutQuery(hub_url),
      hub_api_url: withoutQuery(hub_api_url),
      wake_command: typeof wake_command === "string" ? masked(wake_command) : wake_command.map(masked)
    }
  }
}

/** The recorder of a sidecar with these settings into the file. */
export const recorderOf = (settings: Settings, path: string) =>
  makeRecorder({ path, header: headerOf(settings), secret: settings.token })
