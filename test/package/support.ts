import * as Effect from "effect/Effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

/** As a user's shell has it: with this Node.js, and without what npm tells the scripts it runs. */
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:npm_(?!config_(?:registry|cache)$)|NODE_)/.test(name))
  ),
  PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`
}

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a program to its end. npm and npx are scripts of the shell on Windows. */
export const run = (cwd: string, program: string, ...args: ReadonlyArray<string>): Ended => {
  const { status, stderr, stdout } = spawnSync(program, args, {
    cwd,
    env: environment,
    encoding: "utf8",
    shell: process.platform === "win32",
    timeout: 60_000
  })
  return { code: status, output: stdout, errors: stderr }
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** What `npm pack` makes of the built project, in the folder. The build is not run: other tests use it now. */
export const pack = (folder: string): Packed => {
  const { code, errors, output } = run(
    process.cwd(),
    "npm",
    "pack",
    "--ignore-scripts",
    "--json",
    "--pack-destination",
    folder
  )
  if (code !== 0) throw new Error(errors)
  const [packed]: ReadonlyArray<Packed> = JSON.parse(output)
  if (packed === undefined) throw new Error(output)
  return packed
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
      const end = new Promise<number | null>((resolve) => child.once("exit", resolve))
      const says = (pattern: RegExp) =>
        Effect.promise(async () => {
          for (let left = 10_000; left > 0; left -= 20) {
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

/** The tarball, installed into an empty folder; the pieces a test breaks it makes a copy of. */
export const installed = () => {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-package-"))
  const user = join(folder, "user")
  mkdirSync(user)
  const packed = pack(folder)
  const install = run(
    user,
    "npm",
    "install",
    "--prefix=.", // whatever lies in the folders above
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    join(folder, packed.filename)
  )
  const root = join(user, "node_modules", "agentcom-sidecar")
  return {
    packed,
    install,
    user,
    root,
    /** Copies what the README says to copy. */
    copy: (name: string, to: string) => cpSync(join(root, name), join(user, to)),
    has: (name: string) => existsSync(join(root, name)),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
