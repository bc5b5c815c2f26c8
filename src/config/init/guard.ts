import * as Effect from "effect/Effect"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import type { AgentType } from "./agentTypes.ts"

/** A file to be kept from the agent: its path from the agent's folder, or the whole one where it lies elsewhere. */
interface SecretFile {
  readonly path: string
  readonly inside: boolean
}

/** A file of an agent's program that says what it must not read. */
interface Guard {
  readonly path: string
  /** The rule for one file; null where the program reads nothing there anyway. */
  readonly rule: (file: SecretFile) => string | null
  readonly text: (rules: ReadonlyArray<string>) => string
}

/** Both programs read these rules as Git reads its ignore files. */
const literal = (path: string): string => path.replaceAll(/[\\*?[\]!#]/g, String.raw`\$&`)

/** A path from the root as Claude Code writes it, drives of Windows included. */
const fromRoot = (path: string): string => `/${path.replace(/^([a-z]):/i, "/$1")}`

/** The agents that read every file which a task names as `@path`, whatever their tools may do. */
const guards: Readonly<Partial<Record<AgentType, Guard>>> = {
  claude: {
    path: ".claude/settings.json",
    rule: ({ inside, path }) => `Read(${inside ? `./${literal(path)}` : fromRoot(literal(path))})`,
    text: (deny) => `${JSON.stringify({ permissions: { deny } }, null, 2)}\n`
  },
  gemini: {
    path: ".geminiignore",
    rule: ({ inside, path }) => inside ? `/${literal(path)}` : null,
    text: (rules) => `${rules.join("\n")}\n`
  }
}

const secretFile = (folder: string, file: string): SecretFile => {
  const from = relative(folder, file)
  const inside = from !== ".." && !from.startsWith(`..${sep}`) && !isAbsolute(from)
  return { inside, path: (inside ? from : file).replaceAll(sep, "/") }
}

/** What keeps the agent from reading secrets: the file that says so, and the rules that are missing in one that was there. */
export interface Guarded {
  readonly path: string
  readonly missing: ReadonlyArray<string>
}

/**
 * Keeps the agent from reading the configuration and the other files with secrets, where it is of a kind that would; null
 * where it is not. A guard that is there already is its owner's business and stays as it is.
 */
export const guardSecrets = (
  config: string,
  secretFiles: ReadonlyArray<string>,
  agent_type: AgentType
): Effect.Effect<Guarded | null> => {
  const guard = guards[agent_type]
  if (guard === undefined) return Effect.succeed(null)
  const folder = dirname(resolve(config))
  const path = join(folder, guard.path)
  const rules = [...new Set([config, ...secretFiles].map((file) => guard.rule(secretFile(folder, resolve(file)))))]
    .filter((rule) => rule !== null)
  const made = Effect.tryPromise(async () => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, guard.text(rules), { flag: "wx" })
    return { path, missing: [] }
  })
  const present = Effect.tryPromise(() => readFile(path, "utf8")).pipe(
    Effect.map((text) => ({ path, missing: rules.filter((rule) => !text.includes(rule)) })),
    Effect.orElseSucceed(() => ({ path, missing: rules }))
  )
  return made.pipe(Effect.catch(() => present))
}
