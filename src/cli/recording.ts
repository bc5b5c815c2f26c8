import { platform } from "../platform.ts"
import { format_version, type Header } from "../replay/format.ts"
import { makeRecorder } from "../replay/record/record.ts"
import type { Settings } from "../SidecarConfig.ts"
import { version } from "../version.ts"
import { withoutQuery } from "./withoutQuery.ts"

const headerOf = (settings: Settings): Header => {
  const { agent_id, hub_api_url, hub_url, tls_ca: _, token: __, ...config } = settings
  return {
    format: format_version,
    version,
    agent_id,
    platform,
    continues: false,
    config: { ...config, hub_url: withoutQuery(hub_url), hub_api_url: withoutQuery(hub_api_url) }
  }
}

/** The recorder of a sidecar with these settings into the file. */
export const recorderOf = (settings: Settings, path: string) =>
  makeRecorder({ path, header: headerOf(settings), secret: settings.token })
