import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { createInterface } from "node:readline/promises"
import type { Guarded } from "../config/init/guard.ts"
import { type Ask, type Given, init, InitRefused, type Made, type TlsFiles } from "../config/init/init.ts"
import { readFault } from "../config/namedFiles.ts"
import { exitCodes } from "../exitCodes.ts"
import { failed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"

const takeDefault: Ask = (_question, byDefault) => Effect.succeed(byDefault)

const askAtTerminal = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: process.stdin, output: process.stdout })),
    (terminal) => Effect.sync(() => terminal.close())
  ),
  (terminal): Ask => (question, byDefault) =>
    Effect.map(
      Effect.tryPromise({
        try: (signal) => terminal.question(`${question} [${byDefault}]: `, { signal }),
        // Only Ctrl+C and Ctrl+D make this fail.
        catch: () => new InitRefused({ problems: ["init was broken off: nothing is registered or written"] })
      }),
      (answer) => answer.trim() === "" ? byDefault : answer.trim()
    )
)

/** How the user starts this program: npx sets the variable. */
const program = (environment: NodeJS.ProcessEnv): string =>
  environment["npm_command"] === "exec" ? "npx agentcom-sidecar" : "agentcom-sidecar"

const guardText = ({ missing, path }: Guarded): string =>
  missing.length === 0
    ? `${path} says what the agent may not read or do.\n`
    : `${path} is there already and does not keep the agent from reading the token: add ${
      missing.join(" and ")
    } to it.\n`

const textOf = ({ agent_id, guard, path, registered }: Made, as: string): string =>
  `${registered ? `${agent_id} is registered at the hub. ` : ""}${path} is written, readable by you only.\n` +
  (guard === null ? "" : guardText(guard)) +
  `The hub takes the token. Next: ${as} doctor --config ${path}\n` +
  `then:                       ${as} run --config ${path}\n`

const readToken = (file: string) =>
  Effect.tryPromise(() => readFile(file, "utf8")).pipe(
    Effect.map((text) => Redacted.make(text.trim())),
    Effect.mapError(({ cause }) => failed(`${file} cannot be read: ${readFault(cause)}`, exitCodes.usage))
  )

/** The paths are absolute, because the configuration may be in another folder. */
const tlsFilesOf = (options: Options): TlsFiles => {
  const { "tls-ca": tls_ca, "tls-cert": tls_cert, "tls-key": tls_key } = options
  return {
    ...(tls_ca === undefined ? {} : { tls_ca: resolve(tls_ca) }),
    ...(tls_cert === undefined ? {} : { tls_cert: resolve(tls_cert) }),
    ...(tls_key === undefined ? {} : { tls_key: resolve(tls_key) })
  }
}

const givenBy = Effect.fnUntraced(function*(options: Options) {
  const { "token-file": token_file } = options
  return {
    config: options.config ?? "./config.json",
    hub_url: options["hub-url"],
    agent_id: options["agent-id"],
    agent_type: options.type,
    may: options.may,
    capabilities: options.capabilities,
    tls_files: tlsFilesOf(options),
    token: token_file === undefined ? undefined : yield* readToken(token_file),
    token_file
  } satisfies Given
})

export const main = (options: Options): void =>
  runMain((stopRequested) => {
    const made = Effect.gen(function*() {
      const ask = options.yes === undefined && process.stdin.isTTY ? yield* askAtTerminal : takeDefault
      process.stdout.write(textOf(yield* init(yield* givenBy(options), ask), program(process.env)))
      return exitCodes.stopped
    }).pipe(
      Effect.scoped,
      Effect.catchTags({
        InitRefused: ({ message }) => Effect.fail(failed(message, exitCodes.usage)),
        AccountError: ({ message }) => Effect.fail(failed(message, exitCodes.hubUnusable)),
        ConfigUnwritten: ({ message }) => Effect.fail(failed(message, exitCodes.configuration))
      })
    )
    return Effect.raceFirst(made, Effect.as(stopRequested, exitCodes.unforeseen))
  })
