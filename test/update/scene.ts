import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFile, type ExecFileException } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { patience_ms } from "../support/patience.ts"

export interface Ended {
  readonly code: unknown
  readonly output: string
}

/** A program to its end, whatever that is. */
export const ran = (
  file: string,
  args: ReadonlyArray<string>,
  cwd: string,
  env: Record<string, string | undefined> = {}
): Promise<Ended> =>
  new Promise((settle) =>
    execFile(
      file,
      args,
      {
        cwd,
        env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", ...env },
        timeout: patience_ms,
        killSignal: "SIGKILL"
      },
      (error: ExecFileException | null, stdout, stderr) =>
        settle({ code: error === null ? 0 : error.code ?? error.signal, output: stdout + stderr })
    )
  )

const must = async (...args: Parameters<typeof ran>): Promise<string> => {
  const { code, output } = await ran(...args)
  if (code !== 0) throw new Error(`${args[0]} ${args[1].join(" ")}: ${String(code)} ${output}`)
  return output.trim()
}

const git = (cwd: string, ...args: ReadonlyArray<string>) =>
  must("git", ["-c", "user.name=tester", "-c", "user.email=tester@localhost", ...args], cwd)

/** The sidecar's stand-in: prints which version it is, with which package, and does what its argument says. */
export const program = (label: string) => `
import { version as dep } from "dep"
const [action, value] = process.argv.slice(2)
console.log("ran ${label} with dep " + dep)
if (action === "exit") process.exit(Number(value))
if (action === "work") {
  const stop = (reason) => { console.log("stopped by " + reason); process.exit(7) }
  process.on("SIGTERM", stop)
  process.on("message", stop)
  setInterval(() => {}, 1000)
  console.log("pid " + process.pid)
}
`

const buildScript = `
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
const source = readFileSync("src/main.js", "utf8")
mkdirSync("dist", { recursive: true })
writeFileSync("dist/main.js", source.slice(0, 100))
if (source.includes("hangs")) { writeFileSync(source.match(/hangs (\\S+)/)[1], String(process.pid)); setInterval(() => {}, 1000) }
else if (source.includes("unbuildable")) throw new Error("it cannot be built")
else {
  writeFileSync("dist/main.js", source)
  writeFileSync("dist/build.json", JSON.stringify({ commit: process.env.AGENTCOM_SIDECAR_COMMIT }))
  if (existsSync("builds.log")) writeFileSync("builds.log", "built", { flag: "a" })
}
`

/** package.json and lockfile with the package `dep` in a version, whose tarball is in the repository. */
export const withDependency = (folder: string, version: string, scripts: Record<string, string> = {}) => {
  const tarball = `dep-${version}.tgz`
  const root = {
    name: "fake-sidecar",
    version: "1.0.0",
    type: "module",
    dependencies: { dep: `file:${tarball}` },
    scripts: { build: "node build.mjs", ...scripts }
  }
  const integrity = existsSync(join(folder, tarball))
    ? createHash("sha512").update(readFileSync(join(folder, tarball))).digest("base64")
    : "A".repeat(86) + "=="
  const packages = {
    "": { name: root.name, version: root.version, dependencies: root.dependencies },
    "node_modules/dep": { version, resolved: `file:${tarball}`, integrity: `sha512-${integrity}` }
  }
  return {
    "package.json": JSON.stringify(root),
    "package-lock.json": JSON.stringify({
      name: root.name,
      version: "1.0.0",
      lockfileVersion: 3,
      requires: true,
      packages
    })
  }
}

const packed = async (folder: string, version: string) => {
  const source = join(folder, "packing", "package")
  mkdirSync(source, { recursive: true })
  writeFileSync(
    join(source, "package.json"),
    JSON.stringify({ name: "dep", version, type: "module", main: "index.js" })
  )
  writeFileSync(join(source, "index.js"), `export const version = "${version}"\n`)
  await must("tar", ["-czf", join(folder, `dep-${version}.tgz`), "-C", dirname(source), "package"], folder)
  rmSync(dirname(source), { recursive: true })
}

type Files = Record<string, string | undefined>

const putFiles = (folder: string, files: Files) => {
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) rmSync(join(folder, name))
    else {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
  }
}

/** A remote repository, somebody's clone to push from, and an installed checkout: `origin.git`, `dev` and `box`. */
const makeTemplate = async () => {
  const path = mkdtempSync(join(tmpdir(), "sidecar-update-"))
  const dev = join(path, "dev")
  mkdirSync(dev)
  cpSync(resolve("scripts"), join(dev, "scripts"), { recursive: true })
  await packed(dev, "1.0.0")
  await packed(dev, "2.0.0")
  putFiles(dev, {
    "build.mjs": buildScript,
    ".gitignore": "node_modules/\ndist/\n",
    "src/main.js": program("v1"),
    ...withDependency(dev, "1.0.0")
  })
  await git(dev, "init", "-q", "-b", "main")
  await git(dev, "add", "-A", "-f", ".")
  await git(dev, "commit", "-qm", "v1")
  await git(path, "clone", "-q", "--bare", "dev", "origin.git")
  await git(dev, "remote", "add", "origin", "../origin.git")
  await git(path, "clone", "-q", "origin.git", "box")
  const box = join(path, "box")
  await must("npm", ["ci", "--no-audit", "--no-fund"], box)
  await must("npm", ["run", "build"], box, { AGENTCOM_SIDECAR_COMMIT: await git(box, "rev-parse", "HEAD") })
  return path
}

let template: Promise<string> | undefined

/** To be called after all tests of a file. */
export const removeTemplate = async () => {
  const made = template
  template = undefined // the next file of this process makes its own
  if (made !== undefined) rmSync(await made, { recursive: true, force: true, maxRetries: 5 })
}

const eventsIn = (output: string): ReadonlyArray<Record<string, unknown>> =>
  output.split("\n").filter((line) => line.startsWith("{")).map((line): Record<string, unknown> => JSON.parse(line))

const shimmed = (path: string, name: string, script: string) => {
  const folder = join(path, "shims")
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
}

/** In a shim, the program of that name behind the shims. */
export const real = (name: string) => `PATH=\${PATH#*:} exec ${name} "$@"`

/** npm, but for what `npm run build` costs beside the build itself: a scene builds dozens of versions. */
export const quickNpm = `[ "$1" = run ] && exec node build.mjs\n${real("npm")}`

const sceneIn = (path: string) => {
  const box = join(path, "box")
  const dev = join(path, "dev")
  const PATH = [join(path, "shims"), process.env["PATH"]].join(delimiter)
  const main = join(box, "scripts", "start.mjs")
  return {
    box,
    dev,
    path,
    main,
    PATH,
    git: (cwd: string, ...args: ReadonlyArray<string>) => Effect.promise(() => git(cwd, ...args)),
    /** Commits files in `dev` (undefined removes one) and pushes them; gives the commit. */
    push: (files: Files) =>
      Effect.promise(async () => {
        putFiles(dev, files)
        await git(dev, "add", "-A", "-f", ".")
        await git(dev, "commit", "-qm", "next")
        await git(dev, "push", "-q", "--force", "origin", "main")
        return git(dev, "rev-parse", "HEAD")
      }),
    put: (files: Files) => Effect.sync(() => putFiles(box, files)),
    /** Puts a shell script in front of a program. */
    shim: (name: string, script: string) => Effect.sync(() => shimmed(path, name, script)),
    unshim: (name: string) => Effect.sync(() => rmSync(join(path, "shims", name), { force: true })),
    /** The start script in `box`, to the end of what it starts. */
    start: (args: ReadonlyArray<string> = [], env: Record<string, string> = {}) =>
      Effect.map(
        Effect.promise(() => ran(process.execPath, [main, ...args], box, { PATH, ...env })),
        (ended) => ({ ...ended, events: eventsIn(ended.output) })
      )
  }
}

export type Scene = ReturnType<typeof sceneIn>

/** A copy of the template, removed with the scope. */
export const makeScene: Effect.Effect<Scene, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(async () => {
    template ??= makeTemplate()
    const path = mkdtempSync(join(tmpdir(), "sidecar-update-"))
    cpSync(await template, path, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
    await git(join(path, "box"), "remote", "set-url", "origin", join(path, "origin.git"))
    shimmed(path, "npm", quickNpm)
    return sceneIn(path)
  }),
  ({ path }) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
)
