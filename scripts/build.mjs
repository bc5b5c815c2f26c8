#!/usr/bin/env node
// Bundles src into dist: main.js and, beside it, a chunk for each command and what they share; the daemon, its telemetry and its
// thread by themselves; bin/ for the PATH of a wake.
import { spawnSync } from "node:child_process"
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, "dist")
const fresh = join(root, `.dist-${process.pid}`)
const stale = join(root, `.dist-${process.pid}-old`)
const { engines, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** The commit it is built from, with `-dirty` where files differ from it; empty outside a checkout. */
const commitOf = () => {
  if (process.env["AGENTCOM_SIDECAR_COMMIT"]) return process.env["AGENTCOM_SIDECAR_COMMIT"]
  if (!existsSync(join(root, ".git"))) return ""
  const args = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" })
  return status === 0 ? stdout.trim() : ""
}
const commit = commitOf()

const daemon = "src/cli/run.ts"

/** What is bundled by itself, so that the one who imports it has nothing in its own bundle that only this needs. */
const apart = [daemon, "src/observe/metrics/telemetry.ts", "src/secrets/patterns.ts"]

/** The entry of a thread, which the daemon starts by its file's name. */
const thread = "src/storage/messages/messageWorker.ts"

const importApart = {
  name: "import apart",
  setup: (build) =>
    build.onResolve(
      { filter: /\.ts$/ },
      ({ kind, path, resolveDir }) =>
        kind === "dynamic-import" && apart.some((entry) => resolve(resolveDir, path) === join(root, entry))
          ? { path: `./${basename(path, ".ts")}.js`, external: true }
          : undefined
    )
}

/** An import of one of Node's modules copies all that it has, with `http` the whole of `fetch`: this takes the module itself. */
const importNode = {
  name: "import Node's modules as they are",
  setup: (build) => {
    build.onResolve(
      { filter: /^node:/ },
      ({ kind, path }) => kind === "import-statement" ? { path, namespace: "node" } : undefined
    )
    build.onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`
    }))
  }
}

const bundle = (esbuild, entry) =>
  esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    plugins: [importApart, importNode],
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    minify: true,
    keepNames: entry === daemon, // for the stack traces in its log; elsewhere they cost a replay a tenth of its time
    chunkNames: "[name]-[hash]",
    external: ["@parcel/watcher"], // native
    // CommonJS packages in the bundle require Node's own modules.
    banner: {
      js: "import { createRequire as makeRequire } from \"node:module\"; const require = makeRequire(import.meta.url);"
    },
    define: {
      AGENTCOM_SIDECAR_VERSION: JSON.stringify(version),
      AGENTCOM_SIDECAR_COMMIT: JSON.stringify(commit),
      AGENTCOM_SIDECAR_NODE: JSON.stringify(engines.node),
      __filename: "import.meta.filename"
    },
    legalComments: "none",
    logLevel: "warning"
  })

/** By this name a wake command finds the daemon that runs it, with the Node.js that runs the daemon. */
const ownProgram = {
  "agentcom-sidecar": `#!/bin/sh
exec "\${AGENTCOM_NODE:-node}" "$(dirname "$0")/../main.js" "$@"
`,
  "agentcom-sidecar.cmd": `@echo off\r
if not defined AGENTCOM_NODE set "AGENTCOM_NODE=node"\r
"%AGENTCOM_NODE%" "%~dp0..\\main.js" %*\r
`
}

const writePrograms = () => {
  mkdirSync(join(fresh, "bin"))
  for (const [name, text] of Object.entries(ownProgram)) {
    writeFileSync(join(fresh, "bin", name), text)
    chmodSync(join(fresh, "bin", name), 0o755)
  }
}

/** Puts the whole new folder in place of the whole old one, so that nobody runs a half-built dist. */
const swap = (attempts = 20) => {
  try {
    if (existsSync(dist)) {
      rmSync(stale, { recursive: true, force: true })
      renameSync(dist, stale)
    }
    renameSync(fresh, dist)
  } catch (error) {
    // Another build has swapped in between, and the last one is to win.
    if (attempts > 0) return swap(attempts - 1)
    if (!existsSync(dist) && existsSync(stale)) renameSync(stale, dist)
    throw error
  }
}

const esbuild = await import("esbuild").catch(() => undefined)
if (esbuild === undefined) {
  const ready = existsSync(join(dist, "main.js"))
  console.error(
    ready
      ? "esbuild is not installed: dist stays as it is"
      : `agentcom-sidecar cannot be built here, as esbuild is not installed: run npm ci in ${root} first`
  )
  process.exit(ready ? 0 : 1)
}
try {
  for (const entry of ["src/main.ts", ...apart, thread]) await bundle(esbuild, entry)
  chmodSync(join(fresh, "main.js"), 0o755)
  writePrograms()
  // What runs in the browser is read by --html, and not bundled.
  cpSync(join(root, "src/replay/html/page"), join(fresh, "page"), { recursive: true })
  writeFileSync(join(fresh, "build.json"), `${JSON.stringify({ version, commit })}\n`)
  swap()
  // What was built last is what scripts/start.mjs runs.
  rmSync(join(root, ".versions", "current"), { force: true })
} finally {
  for (const folder of [fresh, stale]) rmSync(folder, { recursive: true, force: true })
}
