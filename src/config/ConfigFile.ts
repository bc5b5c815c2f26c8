import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import { resolve } from "node:path"
import { configLimits } from "./limits.ts"
import { messageKeys } from "./messageKeys.ts"
import { readCertificates, readKey, readPromptTemplate } from "./namedFiles.ts"
import { text, upTo, whole, wholeOr } from "./schemas.ts"
import { wakeCommand } from "./wakeCommand.ts"

export const kill_grace_ms = 5_000

const address = (protocols: ReadonlyArray<string>) =>
  Schema.String.check(
    upTo(configLimits.url_chars),
    Schema.makeFilter((value: string) => {
      const url = URL.parse(value)
      if (url === null || !protocols.includes(url.protocol)) {
        return `must be a ${protocols.map((protocol) => `${protocol}//`).join(" or ")} address`
      }
      if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
      return value.includes("#") ? "must not hold a #fragment" : undefined
    })
  )

const largest_port = 65_535

/** `host:port` to listen on, with an IPv6 address in brackets. Port 0 is any free port. */
export const listenAddress = Schema.String.check(
  Schema.makeFilter((value: string) => {
    const [, port] = /^(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(value) ?? []
    return port !== undefined && Number(port) <= largest_port && URL.canParse(`http://${value}`)
      ? undefined
      : "must be a host and a port, as in 127.0.0.1:9464"
  })
)

const path = text(/^[^\0]+$/, "must be a path").check(upTo(configLimits.path_chars))

/** Schemas of a path in `config.json`, relative to the agent's folder. */
const pathsIn = (folder: string) => {
  const absolutePath = SchemaGetter.transform((relative: string) => resolve(folder, relative))
  const encode = SchemaGetter.passthrough<string>()
  const contentBy = <A>(read: (path: string) => Effect.Effect<A, string>) =>
    SchemaGetter.transformEffect((relative: string) =>
      Effect.mapError(read(resolve(folder, relative)), (message) => new SchemaIssue.InvalidValue({ message }))
    )
  return {
    absolute: (fallback: string) =>
      path.pipe(
        Schema.decodeTo(Schema.String, { decode: absolutePath, encode }),
        Schema.withDecodingDefaultKey(Effect.succeed(fallback))
      ),
    certificates: path.pipe(Schema.decodeTo(Schema.String, { decode: contentBy(readCertificates), encode })),
    promptTemplate: path.pipe(Schema.decodeTo(Schema.String, { decode: contentBy(readPromptTemplate), encode })),
    key: path.pipe(Schema.decodeTo(Schema.Redacted(Schema.String), {
      decode: contentBy(readKey),
      encode: SchemaGetter.transform(() => "")
    }))
  }
}

/**
 * `config.json` of the agent in `folder`: every key, its bounds and its default. Decoding makes paths absolute, and reads the
 * TLS files and the prompt template.
 */
export const configFile = (folder: string, windows: boolean) => {
  const { absolute, certificates, key, promptTemplate } = pathsIn(folder)
  return Schema.Struct({
    $schema: Schema.optionalKey(Schema.String),
    agent_id: text(/^[\p{L}\p{N}._:@-]+$/u, "must be one word of letters, digits and . _ : @ -")
      .check(upTo(configLimits.agent_id_chars)),
    token: Schema.RedactedFromValue(
      text(/^[\x21-\x7e]+$/, "must be one word of printable ASCII characters").check(upTo(configLimits.token_chars)),
      { label: "token" }
    ),
    token_file: Schema.optionalKey(path), // already read into `token`
    hub_url: address(["ws:", "wss:"]),
    hub_api_url: Schema.optionalKey(address(["http:", "https:"])),
    tls_ca: Schema.optionalKey(certificates),
    tls_cert: Schema.optionalKey(certificates),
    tls_key: Schema.optionalKey(key),
    wake_command: wakeCommand(windows),
    prompt_template: Schema.optionalKey(promptTemplate),
    wake_command_blocks: Schema.optionalKey(Schema.Boolean),
    capabilities: Schema.Array(text(/\S/, "must not be empty").check(upTo(configLimits.capability_chars)))
      .check(Schema.isMaxLength(configLimits.capabilities, {
        message: `must be at most ${configLimits.capabilities} capabilities`
      }))
      .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
    confirmation_timeout_ms: wholeOr(30_000, configLimits.confirmation_timeout_ms, "milliseconds"),
    agent_silence_ms: wholeOr(30 * 60_000, configLimits.agent_silence_ms, "milliseconds"),
    output_silence_ms: wholeOr(60 * 60_000, configLimits.output_silence_ms, "milliseconds"),
    task_timeout_ms: wholeOr(24 * 60 * 60_000, configLimits.task_timeout_ms, "milliseconds"),
    ...messageKeys(windows),
    kill_grace_ms: wholeOr(kill_grace_ms, configLimits.kill_grace_ms, "milliseconds"),
    // Only scripts/start.mjs uses it, before there is a version to run; 0 turns the update off.
    update_timeout_ms: Schema.optionalKey(whole(0, configLimits.update_timeout_ms, "milliseconds")),
    retention_days: wholeOr(7, configLimits.retention_days, "days"),
    metrics_listen: Schema.optionalKey(listenAddress),
    agent_dir: absolute("."),
    results_dir: absolute("./results"),
    tasks_dir: absolute("./tasks"),
    log_file: absolute("./sidecar.log"),
    log_file_bytes: wholeOr(10_000_000, configLimits.log_file_bytes, "bytes"),
    log_files: wholeOr(5, configLimits.log_files, "files")
  })
}
