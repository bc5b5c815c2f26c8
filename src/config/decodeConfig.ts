import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { resolve } from "node:path"
import { configFile } from "./ConfigFile.ts"
import { didYouMean } from "./nearest.ts"

const unknownKey = "is not a key of the configuration"

const inWords: Readonly<Record<string, string>> = {
  string: "text in double quotes",
  boolean: "true or false",
  number: "a number",
  array: "a list in [ ]",
  object: "a JSON object in { }"
}

const leafHook: SchemaIssue.LeafHook = (issue) => {
  if (issue._tag === "MissingKey") return "is missing"
  if (issue._tag === "UnexpectedKey") return unknownKey
  const message = SchemaIssue.defaultLeafHook(issue)
  const expected = /^Expected (?:an? )?(.*)$/.exec(message)?.[1]
  return expected === undefined ? message : `must be ${inWords[expected] ?? `a ${expected}`}`
}

const format = SchemaIssue.makeFormatterStandardSchemaV1({ leafHook })

const place = (path: ReadonlyArray<unknown>): string =>
  path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")

/** Where a configuration comes from: the name of its file, the agent's folder, and the name under which a key was given. */
export interface Origin {
  readonly file: string
  readonly folder: string
  readonly nameOf: (key: string) => string
}

const problemsOf = (
  { issue }: Schema.SchemaError,
  { file, nameOf }: Origin,
  keys: ReadonlyArray<string>
): ReadonlyArray<string> =>
  format(issue).issues.map(({ message, path = [] }) => {
    const [key, ...inside] = path.map((segment) => typeof segment === "object" ? segment.key : segment)
    if (key === undefined) return `${file}: ${message}`
    const hint = message === unknownKey ? didYouMean(String(key), keys) : ""
    return `${nameOf(String(key))}${place(inside)}: ${message}${hint}`
  })

type Folders = { readonly results_dir: string; readonly tasks_dir: string }

/** A task may be called `config` or `queue`, and its files must not be those of the sidecar. */
const notTheFolderItself = (key: keyof Folders, folder: string) =>
  Schema.makeFilter((folders: Folders) =>
    folders[key] === resolve(folder)
      ? { path: [key], issue: "must not be the folder of config.json itself" }
      : undefined
  )

/** A task's answer and its payload have the same file name, so they need two folders. */
const twoFolders = Schema.makeFilter((folders: Folders) =>
  folders.results_dir === folders.tasks_dir
    ? { path: ["tasks_dir"], issue: "must not be the folder of results_dir" }
    : undefined
)

/** Checks a configuration. The error is a line for each problem, none of which quotes a value. */
export const decodeConfig = Effect.fnUntraced(function*(json: unknown, origin: Origin, windows: boolean) {
  const { folder } = origin
  const schema = configFile(folder, windows)
  const { results_dir, tasks_dir } = schema.fields
  // By itself, as the checks of a struct run only when all its fields are valid.
  const folders = Schema.Struct({ results_dir, tasks_dir })
    .check(twoFolders, notTheFolderItself("results_dir", folder), notTheFolderItself("tasks_dir", folder))
  const decoded = yield* Effect.result(
    Schema.decodeUnknownEffect(schema)(json, { errors: "all", onExcessProperty: "error" })
  )
  const decodedFolders = Schema.decodeUnknownResult(folders)(json)
  if (Result.isSuccess(decoded) && Result.isSuccess(decodedFolders)) return decoded.success
  const failures = [decoded, decodedFolders].flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
  const lines = failures.flatMap((failure) => problemsOf(failure, origin, Object.keys(schema.fields)))
  return yield* Effect.fail([...new Set(lines)])
})
