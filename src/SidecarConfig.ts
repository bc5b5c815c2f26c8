import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { configFile, configFolders } from "./config/ConfigFile.ts"
import { logFileProblem } from "./config/logFileProblem.ts"
import { problems } from "./config/problems.ts"
import { readConfigFile } from "./config/readConfigFile.ts"
import { platform } from "./platform.ts"
import type { WakeCommand } from "./wake/arguments.ts"
import { defaultPrompt } from "./wake/promptTemplate.ts"

/** What the daemon runs with. Paths are absolute; waits are in milliseconds. */
export interface Settings {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly hub_url: string
  readonly hub_api_url: string
  readonly wake_command: WakeCommand
  readonly prompt_template: string // its text
  readonly wake_command_blocks: boolean
  readonly capabilities: ReadonlyArray<string>
  readonly confirmation_timeout_ms: number
  readonly agent_silence_ms: number
  readonly task_timeout_ms: number
  readonly kill_grace_ms: number
  readonly retention_days: number
  readonly results_dir: string
  readonly tasks_dir: string
  readonly state_file: string
  readonly log_file: string
  readonly tls_ca: string | null // PEM text
}

export class SidecarConfig extends Context.Service<SidecarConfig, Settings>()("agentcom-sidecar/SidecarConfig") {}

/** The configuration cannot be used; `problems` are sentences for its owner, none of which quotes a secret. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  problems: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = 78
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** One folder up from here both in `src` and in the bundle. */
const exampleFile = fileURLToPath(new URL("../config.example.json", import.meta.url))

/** The HTTP address of the hub whose WebSocket this is: the same host, without a path. */
export const apiOf = (hub_url: string): string => new URL(hub_url.replace(/^ws/i, "http")).origin

/** Reads `config.json` with its defaults; its folder is the agent's. Fails with everything that is wrong in it. */
export const loadSettings = (path: string, windows = platform === "windows"): Effect.Effect<Settings, ConfigError> =>
  Effect.gen(function*() {
    const folder = dirname(resolve(path))
    const file = basename(path)
    const json = yield* readConfigFile(path, exampleFile, windows).pipe(
      Effect.mapError((problem) => new ConfigError({ problems: [`${file}: ${problem}`] }))
    )
    const schema = configFile(folder, windows)
    const decoded = yield* Effect.result(
      Schema.decodeUnknownEffect(schema)(json, { errors: "all", onExcessProperty: "error" })
    )
    const folders = Schema.decodeUnknownResult(configFolders(folder, windows))(json)
    const state_file = join(folder, "queue.json")
    const logProblem = Result.isSuccess(decoded) && Result.isSuccess(folders)
      ? yield* logFileProblem(decoded.success.log_file, { ...decoded.success, config_file: resolve(path), state_file }, windows)
      : undefined
    if (Result.isFailure(decoded) || Result.isFailure(folders) || logProblem !== undefined) {
      const failures = [decoded, folders].flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
      const lines = failures.flatMap((failure) => problems(file, failure, Object.keys(schema.fields)))
      const logLines = logProblem === undefined ? [] : [`${file}: log_file: ${logProblem}`]
      return yield* new ConfigError({ problems: [...new Set([...lines, ...logLines])] })
    }
    const { $schema: _, hub_api_url, prompt_template = defaultPrompt, tls_ca, ...settings } = decoded.success
    return {
      ...settings,
      prompt_template,
      hub_api_url: hub_api_url?.replace(/\/+$/, "") ?? apiOf(settings.hub_url),
      tls_ca: tls_ca ?? null,
      state_file
    }
  })
