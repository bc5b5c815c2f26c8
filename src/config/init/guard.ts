import * as Effect from "effect/Effect"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import type { AgentType, Permission } from "../agentTypes.ts"

/** A file that the agent must not read. `path` is relative to the agent's folder if the file is inside it. */
interface SecretFile {
  readonly path: string
  readonly inside: boolean
}

/** A settings file of an agent's program that says what the program must not do. */
interface Guard {
  readonly path: string
  /** The rule for a file that it must not read; null if the program never reads files there. */
  readonly rule: (file: SecretFile) => string | null
  readonly text: (rules: ReadonlyArray<string>, may: Permission) => string
}

/** Both programs read these rules in the syntax of .gitignore. */
const literal = (path: string): string => path.replaceAll(/[\\*?[\]!#]/g, String.raw`\$&`)

/** An absolute path as Claude Code writes it: `//etc/x`, and `//c/x` on Windows. */
const fromRoot = (path: string): string => `/${path.replace(/^([a-z]):/i, "/$1")}`

/** What opencode does without asking. It reads nothing outside of its folder. */
const opencodePermissions: Readonly<Record<Permission, object>> = {
  read: { edit: "deny", bash: "deny" },
  edit: { edit: "allow", bash: "deny" },
  all: { edit: "allow", bash: "allow" }
}

/**
 * Claude Code and Gemini CLI read every file that a task names as `@path`, whatever their tools are allowed to do. What opencode may do
 * no argument of its command says.
 */
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
  },
  opencode: {
    path: "opencode.json",
    rule: () => null,
    text: (_, may) =>
      `${
        JSON.stringify({ $schema: "https://opencode.ai/config.json", permission: opencodePermissions[may] }, null, 2)
      }\n`
  }
}

/** The files of the sidecar beside the configuration that tell of its work. */
const ownNames = ["queue.json", "agent.sqlite", "control.json"]

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

/** What is to be guarded: the files with secrets, the configuration among them, from an agent that works in `folder`. */
interface ToGuard {
  readonly config: string
  readonly secretFiles: ReadonlyArray<string>
  readonly folder: string
  readonly agent_type: AgentType
  readonly may: Permission
}

/**
 * Keeps the agent from reading the files of the sidecar, by the settings of its program. Null if the program has no such settings. A
 * settings file that exists belongs to the user and stays as it is.
 */
export const guardSecrets = (
  { agent_type, config, folder, may, secretFiles }: ToGuard
): Effect.Effect<Guarded | null> => {
  const guard = guards[agent_type]
  if (guard === undefined) return Effect.succeed(null)
  const path = join(folder, guard.path)
  const own = ownNames.map((name) => join(dirname(config), name))
  const files = [config, ...secretFiles, ...own]
  const rules = [...new Set(files.map((file) => guard.rule(secretFile(folder, resolve(file)))))]
    .filter((rule) => rule !== null)
  const text = guard.text(rules, may)
  if (text.trim() === "") return Effect.succeed(null)
  const made = Effect.tryPromise(async () => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: "wx" })
    return { path, missing: [] }
  })
  const present = Effect.tryPromise(() => readFile(path, "utf8")).pipe(
    Effect.map((there) => ({ path, missing: rules.filter((rule) => !there.includes(rule)) })),
    Effect.orElseSucceed(() => ({ path, missing: rules }))
  )
  return made.pipe(Effect.catch(() => present))
}
