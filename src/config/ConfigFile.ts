import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { resolve } from "node:path"
import { limits } from "../limits.ts"
import { configLimits } from "./limits.ts"
import { listenAddress } from "./listenAddress.ts"
import { readCertificates } from "./readCertificates.ts"
import { readKey } from "./readKey.ts"
import { readPromptTemplate } from "./readPromptTemplate.ts"
import { wakeCommand } from "./wakeCommand.ts"

const text = (pattern: RegExp, message: string) => Schema.String.check(Schema.isPattern(pattern, { message }))

const upTo = (characters: number) =>
  Schema.isMaxLength(characters, { message: `must be at most ${characters} characters` })

const whole = (unit: string) => (maximum: number, fallback: number) =>
  Schema.Number.check(
    Schema.isInt({ message: "must be a whole number" }),
    Schema.isBetween({ minimum: 1, maximum }, { message: `must be 1 to ${maximum} ${unit}` })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)))

const milliseconds = whole("milliseconds")
const days = whole("days")

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

const path = text(/^[^\0]+$/, "must be a path").check(upTo(configLimits.path_chars))

/** A path, made absolute against the agent's folder. */
const pathIn = (folder: string) =>
  path.pipe(Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transform((relative: string) => resolve(folder, relative)),
    encode: SchemaGetter.passthrough()
  }))

/** The path of a PEM file, decoded to what the file holds. */
const certificatesIn = (folder: string) =>
  path.pipe(Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transformEffect((relative: string) => readCertificates(resolve(folder, relative))),
    encode: SchemaGetter.passthrough()
  }))

/** The path of a PEM file, decoded to the private key that it holds. */
const keyIn = (folder: string) =>
  path.pipe(Schema.decodeTo(Schema.Redacted(Schema.String), {
    decode: SchemaGetter.transformEffect((relative: string) => readKey(resolve(folder, relative))),
    encode: SchemaGetter.transform(() => "")
  }))

/** The path of a prompt template, decoded to its text. */
const promptTemplateIn = (folder: string) =>
  path.pipe(Schema.decodeTo(Schema.String, {
    decode: SchemaGetter.transformEffect((relative: string) => readPromptTemplate(resolve(folder, relative))),
    encode: SchemaGetter.passthrough()
  }))

/** `config.json` of the agent whose folder this is: every key, its bounds and its default; decoded, its paths are absolute. */
export const configFile = (folder: string, windows: boolean) =>
  Schema.Struct({
    $schema: Schema.optionalKey(Schema.String),
    agent_id: text(/^[\p{L}\p{N}._:@-]+$/u, "must be one word of letters, digits and . _ : @ -")
      .check(upTo(configLimits.agent_id_chars)),
    token: Schema.RedactedFromValue(
      text(/^[\x21-\x7e]+$/, "must be one word of printable ASCII characters").check(upTo(configLimits.token_chars)),
      { label: "token" }
    ),
    token_file: Schema.optionalKey(path), // read already, as the token
    hub_url: address(["ws:", "wss:"]),
    hub_api_url: Schema.optionalKey(address(["http:", "https:"])),
    tls_ca: Schema.optionalKey(certificatesIn(folder)),
    tls_cert: Schema.optionalKey(certificatesIn(folder)),
    tls_key: Schema.optionalKey(keyIn(folder)),
    wake_command: wakeCommand(windows),
    prompt_template: Schema.optionalKey(promptTemplateIn(folder)),
    wake_command_blocks: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
    capabilities: Schema.Array(text(/\S/, "must not be empty").check(upTo(configLimits.capability_chars)))
      .check(Schema.isMaxLength(configLimits.capabilities, {
        message: `must be at most ${configLimits.capabilities} capabilities`
      }))
      .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
    confirmation_timeout_ms: milliseconds(configLimits.confirmation_timeout_ms, 30_000),
    agent_silence_ms: milliseconds(configLimits.agent_silence_ms, 30 * 60_000),
    task_timeout_ms: milliseconds(configLimits.task_timeout_ms, 24 * 60 * 60_000),
    kill_grace_ms: milliseconds(configLimits.kill_grace_ms, limits.kill_grace_ms),
    // Read by scripts/start.mjs, before there is a version to run; 0 turns it off.
    update_timeout_ms: Schema.optionalKey(
      Schema.Number.check(
        Schema.isInt({ message: "must be a whole number" }),
        Schema.isBetween({ minimum: 0, maximum: configLimits.update_timeout_ms }, {
          message: `must be 0 to ${configLimits.update_timeout_ms} milliseconds`
        })
      )
    ),
    retention_days: days(configLimits.retention_days, 7),
    metrics_listen: Schema.optionalKey(listenAddress),
    results_dir: pathIn(folder).pipe(Schema.withDecodingDefaultKey(Effect.succeed("./results"))),
    tasks_dir: pathIn(folder).pipe(Schema.withDecodingDefaultKey(Effect.succeed("./tasks"))),
    log_file: pathIn(folder).pipe(Schema.withDecodingDefaultKey(Effect.succeed("./sidecar.log"))),
    log_file_bytes: whole("bytes")(configLimits.log_file_bytes, 10_000_000),
    log_files: whole("files")(configLimits.log_files, 5)
  })

type Folders = { readonly results_dir: string; readonly tasks_dir: string }

/** A task may be called `config` or `queue`, and its files must not be those of the sidecar. */
const notTheFolderItself = (key: keyof Folders, folder: string) => (folders: Folders) =>
  folders[key] === resolve(folder)
    ? { path: [key], issue: "must not be the folder of config.json itself" }
    : undefined

/** What no single key shows: an answer and a payload of one task have the same file name. */
export const configFolders = (folder: string, windows: boolean) => {
  const { results_dir, tasks_dir } = configFile(folder, windows).fields
  return Schema.Struct({ results_dir, tasks_dir }).check(
    Schema.makeFilter((folders) =>
      folders.results_dir === folders.tasks_dir
        ? { path: ["tasks_dir"], issue: "must not be the folder of results_dir" }
        : undefined
    ),
    Schema.makeFilter(notTheFolderItself("results_dir", folder)),
    Schema.makeFilter(notTheFolderItself("tasks_dir", folder))
  )
}
