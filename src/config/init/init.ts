import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { hostname } from "node:os"
import { dirname, resolve } from "node:path"
import type { HubTls } from "../../hub/tls.ts"
import { platform } from "../../platform.ts"
import { configFile } from "../ConfigFile.ts"
import { nearest } from "../nearest.ts"
import { problems } from "../problems.ts"
import { pairProblem } from "../readKey.ts"
import { apiOf } from "../SidecarConfig.ts"
import { agentTypes, isAgentType } from "./agentTypes.ts"
import { type Guarded, guardSecrets } from "./guard.ts"
import { type Account, checkToken, register } from "./hubAccount.ts"
import { claimConfig, configText, type Found, type TlsFiles } from "./writeConfig.ts"

/** What is wrong with what was typed; a sentence each. */
export class InitRefused extends Schema.TaggedError<InitRefused>()("InitRefused", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** What the command line gave; what is missing is asked for, with a default. */
export interface Given {
  readonly config: string
  readonly hub_url?: string | undefined
  readonly agent_id?: string | undefined
  readonly agent_type?: string | undefined
  readonly capabilities?: string | undefined
  readonly tls_files: TlsFiles
  readonly token?: Redacted.Redacted<string> | undefined
  readonly token_file?: string | undefined // where that token stands
}

/** Asks the person at the terminal, who may refuse; answers the default itself where nobody is to be asked. */
export type Ask = (question: string, byDefault: string) => Effect.Effect<string, InitRefused>

const hostAsAgent = (): string => hostname().split(".", 1)[0]?.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-") || "my-agent"

const typeOf = (name: string) => {
  const near = nearest(name, Object.keys(agentTypes))
  return isAgentType(name) ? Effect.succeed(name) : Effect.fail(
    new InitRefused({
      problems: [
        `there is no agent type ${name}; there are ${Object.keys(agentTypes).join(", ")}` +
        (near === undefined ? "" : `; did you mean ${near}?`)
      ]
    })
  )
}

/**
 * What the daemon would refuse in its configuration is refused here, before the hub is asked for anything. Returns what TLS
 * to the hub takes from it.
 */
const checked = Effect.fnUntraced(function*(file: string, found: Found) {
  const windows = platform === "windows"
  const schema = configFile(dirname(resolve(file)), windows)
  const decoded = yield* Schema.decodeUnknownEffect(schema)(JSON.parse(configText(found)), { errors: "all" }).pipe(
    Effect.mapError((error) =>
      new InitRefused({ problems: problems("init", error, Object.keys(schema.fields), (key) => `init: ${key}`) })
    )
  )
  const pair = pairProblem(decoded)
  if (pair !== undefined) return yield* new InitRefused({ problems: [`init: ${pair[0]}: ${pair[1]}`] })
  const { tls_ca = null, tls_cert = null, tls_key = null } = decoded
  return { tls_ca, tls_cert, tls_key } satisfies HubTls
})

const askFor = Effect.fnUntraced(function*(given: Given, ask: Ask) {
  const hub_url = given.hub_url ?? (yield* ask("Address of the hub", "ws://127.0.0.1:4000/ws"))
  const agent_id = given.agent_id ?? (yield* ask("Name of the agent", hostAsAgent()))
  const types = Object.keys(agentTypes).join(", ")
  const agent_type = yield* typeOf(given.agent_type ?? (yield* ask(`Kind of agent (${types})`, "openclaw")))
  const capabilities = given.capabilities ?? (yield* ask("Its capabilities, with commas between", ""))
  return {
    hub_url,
    agent_id,
    agent_type,
    capabilities: capabilities.split(",").map((word) => word.trim()).filter((word) => word !== ""),
    tls_files: given.tls_files
  }
})

/** What `init` did, and what the person has to know of it. */
export interface Made {
  readonly path: string
  readonly agent_id: string
  readonly registered: boolean
  /** What keeps the agent from reading the token; null where its kind needs nothing. */
  readonly guard: Guarded | null
}

/**
 * Makes the configuration of a new agent: asks for what was not given, registers its name at the hub unless there is a
 * token, writes the file, and tries hub and token without identifying. Nothing is ever overwritten.
 */
export const init = (given: Given, ask: Ask) =>
  Effect.gen(function*() {
    const fill = yield* claimConfig(given.config)
    const found = yield* askFor(given, ask)
    const tls = yield* checked(given.config, { ...found, token: given.token ?? Redacted.make("to-be-given") })
    const account: Account = { api_url: apiOf(found.hub_url), agent_id: found.agent_id, tls }
    const registered = given.token === undefined
    const token = given.token ?? (yield* register(account))
    // The hub tells a token only once, so it is on disk before anything else can go wrong.
    if (registered) yield* fill({ ...found, token })
    if (!(yield* checkToken(account, token)).accepted) {
      return yield* new InitRefused({
        problems: [`the hub does not take this token as that of ${found.agent_id}; is it the token of another agent?`]
      })
    }
    if (!registered) yield* fill({ ...found, token })
    const secretFiles = [given.token_file, given.tls_files.tls_key].filter((file) => file !== undefined)
    const made: Made = {
      path: resolve(given.config),
      agent_id: found.agent_id,
      registered,
      guard: yield* guardSecrets(given.config, secretFiles, found.agent_type)
    }
    return made
  }).pipe(Effect.scoped)
