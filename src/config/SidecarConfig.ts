import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { basename, dirname, join, resolve } from "node:path"
import type { MessagePolicy } from "../domain/messages/MessagePolicy.ts"
import { exitCodes } from "../exitCodes.ts"
import { platform } from "../platform.ts"
import { isRunByExec, type WakeCommand } from "../process/arguments.ts"
import { decodeConfig } from "./decodeConfig.ts"
import { messagePolicyOf, policyKeys } from "./messageKeys.ts"
import { pairProblem } from "./namedFiles.ts"
import { logFileProblem, ownFilesIn } from "./places.ts"
import { defaultPrompt, spokenPrompt } from "./promptTemplate.ts"
import { type Overrides, readSources } from "./sources.ts"

/** The configuration of the daemon, checked and complete. Paths are absolute; waits are in milliseconds. */
export interface Settings {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly hub_url: string
  readonly hub_api_url: string
  readonly wake_command: WakeCommand
  readonly prompt_template: string // its text
  readonly wake_command_blocks: boolean
  readonly message_command: WakeCommand | null // without it no agent is woken for messages
  readonly message_command_blocks: boolean
  readonly capabilities: ReadonlyArray<string>
  readonly confirmation_timeout_ms: number
  readonly agent_silence_ms: number
  readonly output_silence_ms: number
  readonly task_timeout_ms: number
  readonly messages: MessagePolicy
  readonly send_max_bytes: number
  readonly kill_grace_ms: number
  readonly retention_days: number
  readonly metrics_listen?: string // host:port; without it nothing listens
  readonly agent_dir: string
  readonly results_dir: string
  readonly tasks_dir: string
  readonly outbox_dir: string
  readonly state_file: string
  readonly log_file: string
  readonly log_file_bytes: number
  readonly log_files: number
  readonly tls_ca: string | null // this and the next two are PEM text
  readonly tls_cert: string | null
  readonly tls_key: Redacted.Redacted<string> | null
  readonly secret_files: ReadonlyArray<string> // those that hold the token and the key
  readonly own_files: ReadonlyArray<string> // all of the daemon, which no agent may send as its answer
}

/** The folders in which only the agent and its daemon may write. */
export const agentFolders = ({ outbox_dir, results_dir, state_file, tasks_dir }: Settings): ReadonlyArray<string> => [
  dirname(state_file),
  results_dir,
  tasks_dir,
  outbox_dir
]

export class SidecarConfig extends Context.Service<SidecarConfig, Settings>()("agentcom-sidecar/SidecarConfig") {}

/** The configuration cannot be used. `problems` are sentences for the user, none of which quotes a secret. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  problems: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message(): string {
    return this.problems.join("\n")
  }
}

const refused = (problem: string) => new ConfigError({ problems: [problem] })

/** The HTTP address of the hub with this WebSocket address: the same host, without a path. */
export const apiOf = (hub_url: string): string => new URL(hub_url.replace(/^ws/i, "http")).origin

/**
 * Reads `config.json` and applies the defaults; its folder is the agent's. An option counts before an environment variable, and
 * that before the file. Fails with all that is wrong.
 */
export const loadSettings = (
  path: string,
  overrides: Overrides = { flags: {}, environment: process.env },
  windows = platform === "windows"
): Effect.Effect<Settings, ConfigError> =>
  Effect.gen(function*() {
    const config_file = resolve(path)
    const folder = dirname(config_file)
    const state_file = join(folder, "queue.json")
    const outbox_dir = join(folder, "outbox")
    const { json, nameOf, secret_files } = yield* Effect.mapError(readSources(path, overrides, windows), refused)
    const decoded = yield* decodeConfig(json, { file: basename(path), folder, nameOf }, windows).pipe(
      Effect.mapError((problems) => new ConfigError({ problems }))
    )
    const places = { ...decoded, config_file, state_file, outbox: outbox_dir }
    const logProblem = yield* logFileProblem(decoded.log_file, places, windows)
    if (logProblem !== undefined) return yield* refused(`${nameOf("log_file")}: ${logProblem}`)
    const pair = pairProblem(decoded)
    if (pair !== undefined) return yield* refused(`${nameOf(pair[0])}: ${pair[1]}`)
    const {
      $schema: _,
      hub_api_url,
      message_command = null,
      wake_command_blocks = isRunByExec(decoded.wake_command),
      prompt_template = isRunByExec(decoded.wake_command) ? spokenPrompt : defaultPrompt,
      tls_ca = null,
      tls_cert = null,
      tls_key = null,
      token_file: __,
      update_timeout_ms: ___,
      ...settings
    } = decoded
    return {
      ...Struct.omit(settings, policyKeys),
      message_command,
      messages: messagePolicyOf(decoded),
      outbox_dir,
      prompt_template,
      wake_command_blocks,
      hub_api_url: hub_api_url?.replace(/\/+$/, "") ?? apiOf(settings.hub_url),
      tls_ca,
      tls_cert,
      tls_key,
      secret_files,
      own_files: ownFilesIn(folder, [config_file, ...secret_files, state_file, settings.log_file]),
      state_file
    }
  })
