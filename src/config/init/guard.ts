import * as Effect from "effect/Effect"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import type { AgentType } from "../agentTypes.ts"

/** A file that the agent must not read. `path` is relative to the agent's folder if the file is inside it. */
interface SecretFile {
  readonly path: string
  readonly inside: boolean
}

/** A settings file of an agent's program that says what the program must not read. */
interface Guard {
  readonly path: string
  /** The rule for one file; null if the program never reads files there. */
  readonly rule: (file: SecretFile) => string | null
  readonly text: (rules: ReadonlyArray<string>) => string
}

/** Both programs read these rules in the syntax of .gitignore. */
const literal = (path: string): string => path.replaceAll(/[\\*?[\]!#]/g, String.raw`\$&`)

/** An absolute path as Claude Code writes it: `//etc/x`, and `//c/x` on Windows. */
const fromRoot = (path: string): string => `/${path.replace(/^([a-z]):/i, "/$1")}`

/** The agents that read every file that a task names as `@path`, whatever their tools are allowed to do. */
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

/** The settings file that keeps the agent from reading secrets, and the rules that are missing there if it existed before. */
export interface Guarded {
  readonly path: string
  readonly missing: ReadonlyArray<string>
}

/**
 * Keeps the agent from reading the configuration and the other files with secrets. Null if agents of this type do not read
 * them. A settings file that exists belongs to the user and stays as it is.
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
