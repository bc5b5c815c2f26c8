import * as Effect from "effect/Effect"
import { type ChildProcess, exec, spawn } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { patience_ms } from "../support/patience.ts"

/** As a user's shell has it: with this Node.js, and without what npm tells the scripts it runs. */
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:npm_(?!config_(?:registry|cache)$)|NODE_)/.test(name))
  ),
  PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
  npm_config_audit: "false",
  npm_config_fund: "false"
}

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a line of the shell to its end. */
export const run = (cwd: string, line: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  new Promise((settle) => {
    const child = exec(
      line,
      { cwd, env: { ...environment, ...env }, maxBuffer: 64 * 1024 * 1024 },
      (_, output, errors) => {
        settle({ code: child.exitCode, output, errors })
      }
    )
  })

/** The same, which has to end well. */
export const done = async (cwd: string, line: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const { code, errors, output } = await run(cwd, line, env)
  if (code !== 0) throw new Error(`${line} in ${cwd} ended with ${code}: ${output}${errors}`)
  return output
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** What the README has one do, from the repository to the tarball that is installed. */
const readme = readFileSync("README.md", "utf8")
const lines = /## Try it:.*?```sh\n(.*?)```/s.exec(readme)?.[1]?.split("\n").map((line) => line.replace(/ +#.*/, "")) ??
  []
const beginning = (word: string): string => lines.find((line) => line.startsWith(word)) ?? `no ${word} in the README`

/** A copy of the repository without what was installed and built, below a folder that npm could take for a project. */
export const makeRepository = () => {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-package-"))
  const repository = join(folder, "repository")
  writeFileSync(join(folder, "package.json"), "{}")
  mkdirSync(repository)
  const left = new Set([".git", "node_modules", "dist", "coverage", "test"])
  for (const name of readdirSync(".").filter((found) => !left.has(found) && !found.startsWith(".dist-"))) {
    cpSync(name, join(repository, name), { recursive: true })
  }
  return {
    folder,
    repository,
    /** As `npm ci` does. */
    installPackages: () => symlinkSync(resolve("node_modules"), join(repository, "node_modules")),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A program that runs on, killed with the scope. */
export interface Running {
  readonly child: ChildProcess
  /** The first match in its output, waited for. */
  readonly says: (pattern: RegExp) => Effect.Effect<string>
  readonly ended: Effect.Effect<number | null>
}

export const start = (cwd: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const main = join(cwd, "node_modules", "agentcom-sidecar", "dist", "main.js")
      const child = spawn(process.execPath, [main, ...args], {
        cwd,
        env: environment,
        stdio: ["ignore", "pipe", "inherit"]
      })
      let output = ""
      child.stdout.on("data", (data: Buffer) => output += data.toString())
      const end = new Promise<number | null>((settle) => child.once("exit", settle))
      const says = (pattern: RegExp) =>
        Effect.promise(async () => {
          for (let left = patience_ms; left > 0; left -= 20) {
            const found = pattern.exec(output)
            if (found !== null) return found[1] ?? found[0]
            await wait(20)
          }
          throw new Error(`it never said ${String(pattern)}, but ${output}`)
        })
      return { child, says, ended: Effect.promise(() => end) }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** The tarball, packed and installed in the words of the README; the pieces a test breaks it makes a copy of. */
export const installed = async (registry: string) => {
  const { folder, installPackages, remove, repository } = makeRepository()
  installPackages()
  const [packed]: ReadonlyArray<Packed> = JSON.parse(await done(repository, `${beginning("npm pack")} --json --silent`))
  if (packed === undefined) throw new Error("npm pack has said nothing")
  const env = { npm_config_registry: registry }
  await done(repository, `${beginning("mkdir")} && ${beginning("npm install")}`, env)
  const user = join(folder, "my-agent")
  const root = join(user, "node_modules", "agentcom-sidecar")
  return {
    folder,
    packed,
    user,
    root,
    /** Copies what the README says to copy. */
    copy: (name: string, to: string) => cpSync(join(root, name), join(user, to)),
    has: (name: string) => existsSync(join(root, name)),
    remove
  }
}
