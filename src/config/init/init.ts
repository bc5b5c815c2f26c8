import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { mkdir, open, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { dirname, resolve } from "node:path"
import type { HubTls } from "../../hub/network.ts"
import { platform } from "../../platform.ts"
import { findProgram } from "../../process/programs.ts"
import {
  type AgentType,
  agentTypes,
  isAgentType,
  isPermission,
  type Permission,
  permissions,
  takesPermission
} from "../agentTypes.ts"
import { decodeConfig } from "../decodeConfig.ts"
import { pairProblem } from "../namedFiles.ts"
import { didYouMean } from "../nearest.ts"
import { apiOf } from "../SidecarConfig.ts"
import { type Guarded, guardSecrets } from "./guard.ts"
import { checkToken, register } from "./hubAccount.ts"

/** The input cannot be used; `problems` has a sentence for each reason. */
export class InitRefused extends Schema.TaggedError<InitRefused>()("InitRefused", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

const refused = (problem: string) => new InitRefused({ problems: [problem] })

/** The configuration could not be written. */
export class ConfigUnwritten extends Schema.TaggedError<ConfigUnwritten>()("ConfigUnwritten", {
  path: Schema.String,
  code: Schema.String
}) {
  override get message(): string {
    return this.code === "EEXIST"
      ? `${this.path} is there already and stays as it is; give another file with --config, or move that one away`
      : `${this.path} cannot be written (${this.code})`
  }
}

/** The paths of PEM files, by the keys of the configuration. */
export type TlsFiles = Partial<Readonly<Record<"tls_ca" | "tls_cert" | "tls_key", string>>>

/** The input from the command line. What is missing here is asked for. */
export interface Given {
  readonly config: string
  readonly hub_url?: string | undefined
  readonly agent_id?: string | undefined
  readonly agent_type?: string | undefined
  readonly may?: string | undefined
  readonly capabilities?: string | undefined
  readonly tls_files: TlsFiles
  readonly token?: Redacted.Redacted<string> | undefined
  readonly token_file?: string | undefined // the file of that token
}

/** Asks the person at the terminal, who may abort. Answers with the default if nobody is there to ask. */
export type Ask = (question: string, byDefault: string) => Effect.Effect<string, InitRefused>

interface Answers {
  readonly hub_url: string
  readonly agent_id: string
  readonly agent_type: AgentType
  readonly may: Permission
  readonly capabilities: ReadonlyArray<string>
  readonly tls_files: TlsFiles
}

const hostAsAgent = (): string => hostname().split(".", 1)[0]?.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-") || "my-agent"

const types = Object.keys(agentTypes)

const typeOf = (name: string): Effect.Effect<AgentType, InitRefused> => {
  if (isAgentType(name)) return Effect.succeed(name)
  return Effect.fail(
    refused(`there is no agent type ${name}; there are ${types.join(", ")}${didYouMean(name, types)}`)
  )
}

const permissionOf = (name: string): Effect.Effect<Permission, InitRefused> =>
  isPermission(name)
    ? Effect.succeed(name)
    : Effect.fail(refused(`what the agent may do is one of ${permissions.join(", ")}, not ${name}`))

/** The first kind of agent that is installed here. A program `script` is something else, and every Linux has it. */
const installedType = (): AgentType =>
  Object.keys(agentTypes).filter(isAgentType).find((type) =>
    type !== "script" && findProgram([type], process.env, process.cwd())._tag === "Found"
  ) ?? "openclaw"

const askFor = Effect.fnUntraced(function*(given: Given, ask: Ask) {
  const hub_url = given.hub_url ?? (yield* ask("Address of the hub", "ws://127.0.0.1:4000/ws"))
  const agent_id = given.agent_id ?? (yield* ask("Name of the agent", hostAsAgent()))
  const agent_type = yield* typeOf(
    given.agent_type ?? (yield* ask(`Kind of agent (${types.join(", ")})`, installedType()))
  )
  const may = yield* permissionOf(
    given.may ?? (takesPermission(agent_type)
      ? yield* ask("In its folder it may only read, edit files too, or run commands too (read, edit, all)", "edit")
      : "all")
  )
  const capabilities = given.capabilities ?? (yield* ask("Its capabilities, with commas between", ""))
  return {
    hub_url,
    agent_id,
    agent_type,
    may,
    capabilities: capabilities.split(",").map((word) => word.trim()).filter((word) => word !== ""),
    tls_files: given.tls_files
  } satisfies Answers
})

/** The gateway of OpenClaw has a folder of its own for its agent. */
const folderOf = (agent_type: AgentType): { readonly agent_dir?: string } =>
  agent_type === "openclaw" ? {} : { agent_dir: "./work" }

const configOf = ({ agent_id, agent_type, capabilities, hub_url, may, tls_files }: Answers, token: string) => ({
  ...{ agent_id, token, hub_url, ...tls_files },
  wake_command: agentTypes[agent_type](may),
  ...folderOf(agent_type),
  capabilities
})

/**
 * Refuses what the daemon would refuse in its configuration, before the hub is asked for anything. Returns the TLS files for
 * the connection to the hub.
 */
const checked = Effect.fnUntraced(function*(file: string, config: unknown) {
  const origin = { file: "init", folder: dirname(resolve(file)), nameOf: (key: string) => `init: ${key}` }
  const decoded = yield* decodeConfig(config, origin, platform === "windows").pipe(
    Effect.mapError((problems) => new InitRefused({ problems }))
  )
  const pair = pairProblem(decoded)
  if (pair !== undefined) return yield* refused(`init: ${pair[0]}: ${pair[1]}`)
  const { tls_ca = null, tls_cert = null, tls_key = null } = decoded
  return { tls_ca, tls_cert, tls_key } satisfies HubTls
})

const asUnwritten = (path: string) => (cause: unknown): ConfigUnwritten =>
  new ConfigUnwritten({ path, code: cause instanceof Error && "code" in cause ? String(cause.code) : String(cause) })

/**
 * Creates the file, empty and readable by its owner only, and returns what fills it. Fails if the file exists, so that nothing
 * is registered at the hub then. If it is never filled, the end of the scope removes it.
 */
const claimConfig = Effect.fnUntraced(function*(path: string) {
  let filled = false
  const handle = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        await mkdir(dirname(path), { recursive: true })
        return open(path, "wx", 0o600)
      },
      catch: asUnwritten(path)
    }),
    (claimed) =>
      Effect.promise(async () => {
        await claimed.close()
        if (!filled) await rm(path, { force: true })
      })
  )
  return (config: object) =>
    Effect.tryPromise({
      try: async () => {
        filled = true // the hub gives a token only once, so it is kept whatever fails now
        await handle.writeFile(`${JSON.stringify(config, null, 2)}\n`)
        await handle.sync()
      },
      catch: asUnwritten(path)
    })
})

/** The result of `init`. */
export interface Made {
  readonly path: string
  readonly agent_id: string
  readonly registered: boolean
  /** What keeps the agent from reading the token; null if its type needs nothing. */
  readonly guard: Guarded | null
}

/**
 * Makes the configuration of a new agent: asks for what was not given, registers the name at the hub unless there is a token,
 * writes the file, and checks the token without identifying. Never overwrites a file.
 */
export const init = (given: Given, ask: Ask) =>
  Effect.gen(function*() {
    const path = resolve(given.config)
    const fill = yield* claimConfig(path)
    const answers = yield* askFor(given, ask)
    const { agent_id, agent_type, hub_url } = answers
    const knownToken = given.token === undefined ? "to-be-given" : Redacted.value(given.token)
    const tls = yield* checked(given.config, configOf(answers, knownToken))
    const account = { api_url: apiOf(hub_url), agent_id, tls }
    const registered = given.token === undefined
    const token = given.token ?? (yield* register(account))
    const config = configOf(answers, Redacted.value(token))
    // The hub gives a token only once, so it is on disk before anything else can fail.
    if (registered) yield* fill(config)
    if (!(yield* checkToken(account, token))) {
      return yield* refused(
        `the hub does not take this token as that of ${agent_id}; is it the token of another agent?`
      )
    }
    if (!registered) yield* fill(config)
    const secretFiles = [given.token_file, given.tls_files.tls_key].filter((file) => file !== undefined)
    const folder = resolve(dirname(path), folderOf(agent_type).agent_dir ?? ".")
    const guard = yield* guardSecrets({ config: path, secretFiles, folder, agent_type, may: answers.may })
    return { path, agent_id, registered, guard } satisfies Made
  }).pipe(Effect.scoped)
