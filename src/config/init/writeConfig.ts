import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { mkdir, open, rm } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { type AgentType, agentTypes } from "./agentTypes.ts"

/** The paths of PEM files, by the keys of the configuration. */
export type TlsFiles = Partial<Readonly<Record<"tls_ca" | "tls_cert" | "tls_key", string>>>

/** What `init` has found out. */
export interface Found {
  readonly hub_url: string
  readonly agent_id: string
  readonly agent_type: AgentType
  readonly capabilities: ReadonlyArray<string>
  readonly tls_files: TlsFiles
  readonly token: Redacted.Redacted<string>
}

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

export const configText = ({ agent_id, agent_type, capabilities, hub_url, tls_files, token }: Found): string => {
  const known = { agent_id, token: Redacted.value(token), hub_url, ...tls_files }
  const config = { ...known, ...agentTypes[agent_type], capabilities }
  return `${JSON.stringify(config, null, 2)}\n`
}

const asUnwritten = (path: string) => (cause: unknown): ConfigUnwritten =>
  new ConfigUnwritten({ path, code: cause instanceof Error && "code" in cause ? String(cause.code) : String(cause) })

/**
 * Makes the file, empty and readable by its owner only, before anything else is done: where it is there already, nothing
 * is registered at the hub for it. `fill` writes it; where that is never run, the file is removed with the scope.
 */
export const claimConfig = Effect.fnUntraced(function*(file: string) {
  const path = resolve(file)
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
  return (found: Found) =>
    Effect.tryPromise({
      try: async () => {
        filled = true // a token that was given once is kept, whatever happens now
        await handle.writeFile(configText(found))
        await handle.sync()
      },
      catch: asUnwritten(path)
    })
})
