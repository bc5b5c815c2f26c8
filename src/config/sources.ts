import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { basename, dirname, isAbsolute, relative, resolve } from "node:path"
import { packageFile } from "../version.ts"
import { jsonFault } from "./jsonFault.ts"
import { type ConfigKey, configKeyNames, configKeys, flagOf, isConfigKey, variableOf } from "./keys.ts"
import { configLimits } from "./limits.ts"
import { readBounded, readFault, readTokenFile } from "./namedFiles.ts"

/** The settings given outside `config.json`. A command line option counts before an environment variable. */
export interface Overrides {
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
}

interface Override {
  readonly value: unknown
  readonly name: string
  /** The override with the higher rank counts. */
  readonly rank: 1 | 2
}

const jsonOr = (text: string): unknown => Result.getOrElse(Result.try((): unknown => JSON.parse(text)), () => text)

/** The value of a key from its text. Text that cannot be converted stays text: the schema then refuses it in its own words. */
const valueOf = (key: ConfigKey, text: string): unknown => {
  switch (configKeys[key].read) {
    case "boolean":
      return text === "true" || (text === "false" ? false : text)
    case "number":
      return /^\d+$/.test(text) ? Number(text) : text
    case "list":
      return text.startsWith("[") ? jsonOr(text) : text.split(",").map((word) => word.trim())
    case "text or list":
      return text.startsWith("[") ? jsonOr(text) : text
    case "json":
      return jsonOr(text)
    case "text":
      return text
  }
}

const overrideOf = (key: ConfigKey, { environment, flags }: Overrides): Override | undefined => {
  const flag = key === "token" ? undefined : flags[flagOf(key)]
  const variable = environment[variableOf(key)]
  if (flag !== undefined) return { value: valueOf(key, flag), name: `--${flagOf(key)}`, rank: 2 }
  // An empty variable counts as unset: some shells and unit files cannot leave one out.
  return variable === undefined || variable === ""
    ? undefined
    : { value: valueOf(key, variable), name: variableOf(key), rank: 1 }
}

/** Either of these replaces the other when it comes from a place that counts more. */
const rivals: Readonly<Partial<Record<ConfigKey, ConfigKey>>> = { token: "token_file", token_file: "token" }

/** The JSON of the file with the overrides applied, and the name under which each key was given. */
const overlay = (file: string, json: unknown, overrides: Overrides) => {
  const found = new Map(configKeyNames.flatMap((key) => {
    const override = overrideOf(key, overrides)
    return override === undefined ? [] : [[key, override] as const]
  }))
  const nameOf = (key: string) => (isConfigKey(key) ? found.get(key)?.name : undefined) ?? `${file}: ${key}`
  if (found.size === 0 || !Predicate.isObject(json)) return { json, nameOf }
  const merged: Record<string, unknown> = { ...json }
  for (const [key, { rank, value }] of found) {
    const rival = rivals[key]
    const rivalRank = rival === undefined ? 0 : found.get(rival)?.rank ?? 0
    if (rivalRank > rank) continue
    if (rival !== undefined && rivalRank < rank) delete merged[rival]
    merged[key] = value
  }
  return { json: merged, nameOf }
}

/** Whether the overrides give all required keys, so that no file is needed. */
const areEnough = (overrides: Overrides): boolean => {
  const isGiven = (key: ConfigKey) => overrideOf(key, overrides) !== undefined
  return isGiven("agent_id") && isGiven("hub_url") && (isGiven("token") || isGiven("token_file"))
}

/** A path as a user would type it in the current folder. */
const typed = (path: string): string => {
  const short = relative("", path)
  const shown = isAbsolute(short) || short.startsWith("..") ? path : short
  return /^[\w./:\\@-]+$/.test(shown) ? shown : `"${shown}"`
}

const notFound = (path: string, windows: boolean): string => {
  const copy = `${windows ? "copy" : "cp"} ${typed(packageFile("config.example.json"))} ${typed(resolve(path))}`
  return `there is no such file; make one by agentcom-sidecar init, or from config.example.json and fill it in: ${copy}`
}

const parse = (text: string): Effect.Effect<unknown, string> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => `is not JSON at ${jsonFault(text) ?? "an unknown place"}`
  })

const readConfigFile = (path: string, windows: boolean, isNeeded: boolean): Effect.Effect<unknown, string> =>
  Effect.tryPromise(() => readBounded(path, configLimits.file_bytes)).pipe(
    Effect.catch(({ cause }) => {
      const isMissing = Predicate.hasProperty(cause, "code") && cause.code === "ENOENT"
      if (isMissing && !isNeeded) return Effect.succeed("{}")
      return Effect.fail(isMissing ? notFound(path, windows) : `cannot be read: ${readFault(cause)}`)
    }),
    Effect.flatMap((text) =>
      text === undefined
        ? Effect.fail(`must be at most ${configLimits.file_bytes} bytes`)
        : parse(text.toString().replace(/^\uFEFF/, "")) // Windows editors put a byte order mark first
    )
  )

const withToken = (folder: string, json: unknown): Effect.Effect<unknown, string> => {
  if (!Predicate.hasProperty(json, "token_file") || !Predicate.isString(json.token_file)) return Effect.succeed(json)
  if (Predicate.hasProperty(json, "token")) return Effect.fail("must not be given beside token: one of them is enough")
  return Effect.map(readTokenFile(resolve(folder, json.token_file)), (token) => ({ ...json, token }))
}

const secretFilesOf = (path: string, inFile: unknown, merged: unknown): ReadonlyArray<string> => {
  const named = ["token_file", "tls_key"].flatMap((key) =>
    Predicate.hasProperty(merged, key) && Predicate.isString(merged[key]) ? [resolve(dirname(path), merged[key])] : []
  )
  return Predicate.hasProperty(inFile, "token") ? [path, ...named] : named
}

/**
 * The configuration from all its sources, not yet checked: `json` is `config.json` with the overrides and the token of its
 * `token_file`, `nameOf` tells where a key was given, and `secret_files` are absolute paths. The error is a sentence.
 */
export const readSources = Effect.fnUntraced(function*(path: string, overrides: Overrides, windows: boolean) {
  const file = basename(path)
  const inFile = yield* readConfigFile(path, windows, !areEnough(overrides)).pipe(
    Effect.mapError((problem) => `${file}: ${problem}`)
  )
  const { json: merged, nameOf } = overlay(file, inFile, overrides)
  const json = yield* withToken(dirname(resolve(path)), merged).pipe(
    Effect.mapError((problem) => `${nameOf("token_file")}: ${problem}`)
  )
  return { json, nameOf, secret_files: secretFilesOf(resolve(path), inFile, merged) }
})
