import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { exitCodes } from "../exitCodes.ts"
import { platform } from "../platform.ts"
import type { WakeCommand } from "../process/arguments.ts"
import { configFile, configFolders } from "./ConfigFile.ts"
import { logFileProblem } from "./logFileProblem.ts"
import { problems } from "./problems.ts"
import { defaultPrompt } from "./promptTemplate.ts"
import { readConfigFile } from "./readConfigFile.ts"
import { pairProblem } from "./readKey.ts"
import { withToken } from "./readToken.ts"
import { secretFilesOf } from "./secretFiles.ts"
import { areEnough, overlay, type Overrides } from "./sources.ts"

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
  readonly metrics_listen?: string // host:port; nothing listens where it is missing
  readonly results_dir: string
  readonly tasks_dir: string
  readonly state_file: string
  readonly log_file: string
  readonly log_file_bytes: number
  readonly log_files: number
  readonly tls_ca: string | null // PEM text, as are the next two
  readonly tls_cert: string | null
  readonly tls_key: Redacted.Redacted<string> | null
  readonly secret_files: ReadonlyArray<string> // where the token and the key stand
  readonly own_files: ReadonlyArray<string> // those and the others of the daemon that no agent may have sent
}

/** The folders in which only the agent and its daemon may write. */
export const agentFolders = ({ results_dir, state_file, tasks_dir }: Settings): ReadonlyArray<string> => [
  dirname(state_file),
  results_dir,
  tasks_dir
]

export class SidecarConfig extends Context.Service<SidecarConfig, Settings>()("agentcom-sidecar/SidecarConfig") {}

/** The configuration cannot be used; `problems` are sentences for its owner, none of which quotes a secret. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  problems: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** One folder up from here both in `src` and in the bundle. */
const exampleFile = fileURLToPath(new URL("../../config.example.json", import.meta.url))

/** The HTTP address of the hub whose WebSocket this is: the same host, without a path. */
export const apiOf = (hub_url: string): string => new URL(hub_url.replace(/^ws/i, "http")).origin

/** The daemon's own files, with those in the folder whose names are not configured. */
const ownFilesOf = (folder: string, configured: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set([...configured, ...["lock", "control.json", "incoming.json"].map((name) => join(folder, name))])
]

/** Nothing but the environment of this process. */
const noFlags: Overrides = { flags: {}, environment: process.env }

const refused = (problem: string) => new ConfigError({ problems: [problem] })

/** What is said of every key, wherever it is said. */
const readSaid = Effect.fnUntraced(function*(path: string, overrides: Overrides, windows: boolean) {
  const file = basename(path)
  const json = yield* readConfigFile(path, exampleFile, windows, !areEnough(overrides)).pipe(
    Effect.mapError((problem) => refused(`${file}: ${problem}`))
  )
  const said = overlay(file, json, overrides)
  return {
    ...said,
    secret_files: secretFilesOf(path, dirname(resolve(path)), json, said.json),
    json: yield* withToken(dirname(resolve(path)), said.json).pipe(
      Effect.mapError((problem) => refused(`${said.nameOf("token_file")}: ${problem}`))
    )
  }
})

/**
 * Reads `config.json` with its defaults; its folder is the agent's. A flag counts before the environment, and that
 * before the file. Fails with everything that is wrong.
 */
export const loadSettings = (
  path: string,
  overrides: Overrides = noFlags,
  windows = platform === "windows"
): Effect.Effect<Settings, ConfigError> =>
  Effect.gen(function*() {
    const folder = dirname(resolve(path))
    const state_file = join(folder, "queue.json")
    const { json, nameOf, secret_files } = yield* readSaid(path, overrides, windows)
    const schema = configFile(folder, windows)
    const decoded = yield* Effect.result(
      Schema.decodeUnknownEffect(schema)(json, { errors: "all", onExcessProperty: "error" })
    )
    const folders = Schema.decodeUnknownResult(configFolders(folder, windows))(json)
    if (Result.isFailure(decoded) || Result.isFailure(folders)) {
      const failures = [decoded, folders].flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
      const lines = failures.flatMap((failure) => problems(basename(path), failure, Object.keys(schema.fields), nameOf))
      return yield* new ConfigError({ problems: [...new Set(lines)] })
    }
    const places = { ...decoded.success, config_file: resolve(path), state_file }
    const logProblem = yield* logFileProblem(decoded.success.log_file, places, windows)
    if (logProblem !== undefined) {
      return yield* new ConfigError({ problems: [`${nameOf("log_file")}: ${logProblem}`] })
    }
    const pair = pairProblem(decoded.success)
    if (pair !== undefined) return yield* new ConfigError({ problems: [`${nameOf(pair[0])}: ${pair[1]}`] })
    const {
      $schema: _,
      hub_api_url,
      prompt_template = defaultPrompt,
      tls_ca = null,
      tls_cert = null,
      tls_key = null,
      token_file: __,
      update_timeout_ms: ___,
      ...settings
    } = decoded.success
    return {
      ...settings,
      prompt_template,
      hub_api_url: hub_api_url?.replace(/\/+$/, "") ?? apiOf(settings.hub_url),
      tls_ca,
      tls_cert,
      tls_key,
      secret_files,
      own_files: ownFilesOf(folder, [resolve(path), ...secret_files, state_file, settings.log_file]),
      state_file
    }
  })
