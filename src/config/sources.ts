import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { type ConfigKey, configKeyNames, configKeys, flagOf, isConfigKey, variableOf } from "./keys.ts"

/** What may be said of a key outside of `config.json`: on the command line, which counts first, or in the environment. */
export interface Overrides {
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What the configuration says, and for each key the name under which it was said. */
export interface Said {
  readonly json: unknown
  readonly nameOf: (key: string) => string
}

const listed = (text: string): unknown =>
  Result.getOrElse(
    Result.try((): unknown => JSON.parse(text)),
    () => text
  )

/** The value of a key as text; what cannot be one stays text, which the schema then refuses in its words. */
const valueOf = (key: ConfigKey, text: string): unknown => {
  switch (configKeys[key]) {
    case "boolean":
      return text === "true" || (text === "false" ? false : text)
    case "number":
      return /^\d+$/.test(text) ? Number(text) : text
    case "list":
      return text.startsWith("[") ? listed(text) : text.split(",").map((word) => word.trim())
    case "text or list":
      return text.startsWith("[") ? listed(text) : text
    case "text":
      return text
  }
}

interface Override {
  readonly value: unknown
  readonly name: string
  /** Of two rivals the one of the higher rank counts. */
  readonly rank: 1 | 2
}

const overrideOf = (key: ConfigKey, { environment, flags }: Overrides): Override | undefined => {
  const flag = key === "token" ? undefined : flags[flagOf(key)]
  const variable = environment[variableOf(key)]
  if (flag !== undefined) return { value: valueOf(key, flag), name: `--${flagOf(key)}`, rank: 2 }
  // A variable that is set to nothing is one that a shell or a unit file could not leave out.
  return variable === undefined || variable === ""
    ? undefined
    : { value: valueOf(key, variable), name: variableOf(key), rank: 1 }
}

/** A token said in one place takes the place of a `token_file` said in a lesser one, and the other way round. */
const rivals: Readonly<Partial<Record<ConfigKey, ConfigKey>>> = { token: "token_file", token_file: "token" }

/** What the file says with the overrides over it. `file` is its name; it may say anything. */
export const overlay = (file: string, json: unknown, overrides: Overrides): Said => {
  const found = new Map(configKeyNames.flatMap((key) => {
    const override = overrideOf(key, overrides)
    return override === undefined ? [] : [[key, override] as const]
  }))
  const nameOf = (key: string) => (isConfigKey(key) ? found.get(key)?.name : undefined) ?? `${file}: ${key}`
  if (found.size === 0 || !Predicate.isObject(json)) return { json, nameOf }
  const said: Record<string, unknown> = { ...json }
  for (const [key, { rank, value }] of found) {
    const rival = rivals[key]
    const rivalRank = rival === undefined ? 0 : found.get(rival)?.rank ?? 0
    if (rivalRank > rank) continue
    if (rival !== undefined && rivalRank < rank) delete said[rival]
    said[key] = value
  }
  return { json: said, nameOf }
}

/** Whether the overrides alone say what every sidecar has to know, so that it needs no file. */
export const areEnough = (overrides: Overrides): boolean => {
  const isSaid = (key: ConfigKey) => overrideOf(key, overrides) !== undefined
  return isSaid("agent_id") && isSaid("hub_url") && (isSaid("token") || isSaid("token_file"))
}
