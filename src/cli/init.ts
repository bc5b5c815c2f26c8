import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { createInterface } from "node:readline/promises"
import type { Guarded } from "../config/init/guard.ts"
import { type Ask, type Given, init, InitRefused, type Made } from "../config/init/init.ts"
import type { TlsFiles } from "../config/init/writeConfig.ts"
import { readFault } from "../config/readFault.ts"
import { exitCodes } from "../exitCodes.ts"
import { CommandFailed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"

const takeDefault: Ask = (_question, byDefault) => Effect.succeed(byDefault)

/** Asks at the terminal. */
const atTerminal = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: process.stdin, output: process.stdout })),
    (terminal) => Effect.sync(() => terminal.close())
  ),
  (terminal): Ask => (question, byDefault) =>
    Effect.map(
      Effect.tryPromise({
        try: (signal) => terminal.question(`${question} [${byDefault}]: `, { signal }),
        // By Ctrl+C or Ctrl+D, as nothing else can go wrong here.
        catch: () => new InitRefused({ problems: ["init was broken off: nothing is registered or written"] })
      }),
      (answer) => answer.trim() === "" ? byDefault : answer.trim()
    )
)

/** How the next command has to begin for whom npx has started this one. */
const program = (environment: NodeJS.ProcessEnv): string =>
  environment["npm_command"] === "exec" ? "npx agentcom-sidecar" : "agentcom-sidecar"

const guardText = ({ missing, path }: Guarded): string =>
  missing.length === 0
    ? `${path} keeps the agent from reading the token.\n`
    : `${path} is there already and does not keep the agent from reading the token: add ${
      missing.join(" and ")
    } to it.\n`

const told = ({ agent_id, guard, path, registered }: Made, as: string): string =>
  `${registered ? `${agent_id} is registered at the hub. ` : ""}${path} is written, readable by you only.\n` +
  (guard === null ? "" : guardText(guard)) +
  `The hub takes the token. Next: ${as} doctor --config ${path}\n` +
  `then:                       ${as} run --config ${path}\n`

const readToken = (file: string | undefined) =>
  file === undefined ? Effect.succeed(undefined) : Effect.tryPromise(() => readFile(file, "utf8")).pipe(
    Effect.map((text) => Redacted.make(text.trim())),
    Effect.catch(({ cause }) => failed(`${file} cannot be read: ${readFault(cause)}`, exitCodes.usage))
  )

const failed = (message: string, exitCode: number) =>
  Effect.fail(new CommandFailed({ message: `agentcom-sidecar: ${message}`, exitCode }))

/** The files are named in the configuration as they lie, whatever folder that is in. */
const tlsFiles = (options: Options): TlsFiles => {
  const { "tls-ca": tls_ca, "tls-cert": tls_cert, "tls-key": tls_key } = options
  return {
    ...(tls_ca === undefined ? {} : { tls_ca: resolve(tls_ca) }),
    ...(tls_cert === undefined ? {} : { tls_cert: resolve(tls_cert) }),
    ...(tls_key === undefined ? {} : { tls_key: resolve(tls_key) })
  }
}

const givenBy = (options: Options) =>
  Effect.map(readToken(options["token-file"]), (token): Given => ({
    config: options.config ?? "./config.json",
    hub_url: options["hub-url"],
    agent_id: options["agent-id"],
    agent_type: options.type,
    capabilities: options.capabilities,
    tls_files: tlsFiles(options),
    token,
    token_file: options["token-file"]
  }))

export const main = (options: Options): void =>
  runMain((stopRequested) => {
    const made = Effect.gen(function*() {
      const ask = options.yes === undefined && process.stdin.isTTY ? yield* atTerminal : takeDefault
      process.stdout.write(told(yield* init(yield* givenBy(options), ask), program(process.env)))
      return exitCodes.stopped
    }).pipe(
      Effect.scoped,
      Effect.catchTags({
        InitRefused: ({ message }) => failed(message, exitCodes.usage),
        AccountError: ({ message }) => failed(message, exitCodes.hubUnusable),
        ConfigUnwritten: ({ message }) => failed(message, exitCodes.configuration)
      })
    )
    return Effect.raceFirst(made, Effect.as(stopRequested, exitCodes.unforeseen))
  })
