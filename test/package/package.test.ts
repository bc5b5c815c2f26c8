import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { parse } from "acorn"
import { full } from "acorn-walk"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs"
import { isBuiltin } from "node:module"
import { homedir } from "node:os"
import { dirname, join, resolve, sep } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { exitCodes } from "../../src/exitCodes.ts"
import { describeWith } from "../support/needs.ts"
import { fetchOldestNode, oldestNode } from "../support/oldestNode.ts"
import { startRegistry } from "./registry.ts"
import { done, environment, installed, makeRepository, run, start } from "./support.ts"

// 185 kB unpacked are the HTTP server of the metrics, which few load, and 115 kB the thread that keeps the messages.
const most_packed_kB = 730
const most_unpacked_kB = 2_080

let user: Awaited<ReturnType<typeof installed>>
let forget = (): void => {}
beforeAll(() =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const registry = yield* startRegistry
    user = yield* Effect.promise(() => installed(registry))
    forget = user.remove
  }))), 600_000)
afterAll(() => forget())

const paths = (): ReadonlyArray<string> => user.packed.files.map(({ path }) => path)
const text = (path: string): string => readFileSync(join(user.root, path), "utf8")
const manifest = (): Readonly<Record<string, Readonly<Record<string, string>>>> => JSON.parse(text("package.json"))

/** The modules that a bundled file imports, by name. */
const imported = (path: string): ReadonlyArray<string> => {
  const names: Array<string> = []
  full(parse(text(path), { ecmaVersion: "latest", sourceType: "module", allowHashBang: true }), (node) => {
    const source = "source" in node ? node.source : undefined
    if (typeof source !== "object" || source === null || !("value" in source)) return
    if (typeof source.value === "string" && !source.value.startsWith(".")) names.push(source.value)
  })
  return names
}

describe("the tarball", () => {
  it("holds the bundle, the documents, the examples and what starts it, and nothing else", () => {
    const known =
      /^(?:dist|docs|examples|scripts\/update)\/|^(?:README|CONTRIBUTING)\.md$|^LICENSE$|^package\.json$|^config\.(?:example|schema)\.json$|^ecosystem\.config\.cjs$|^scripts\/start\.mjs$/
    expect(paths().filter((path) => !known.test(path))).toEqual([])
    for (
      const needed of ["dist/main.js", "dist/run.js", "dist/bin/agentcom-sidecar", "docs/agents.md", "examples/wake.sh"]
    ) expect(paths()).toContain(needed)
  })

  it("is small", () => {
    expect(user.packed.size / 1000).toBeLessThan(most_packed_kB)
    expect(user.packed.unpackedSize / 1000).toBeLessThan(most_unpacked_kB)
  })

  it("names no folder of the machine it was made on", () => {
    const local = [resolve("."), user.folder, `${homedir()}${sep}`, "sourceMappingURL"]
    const named = paths().flatMap((path) =>
      local.filter((part) => text(path).includes(part)).map((part) => [path, part])
    )
    expect(named).toEqual([])
  })

  it("holds every file that its documents link to", () => {
    const broken = paths().filter((path) => path.endsWith(".md")).flatMap((path) =>
      [...text(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, link = ""]) => join(dirname(path), link).replaceAll("\\", "/"))
        .filter((link) => !user.has(link))
        .map((link) => `${path}: ${link}`)
    )
    expect(broken).toEqual([])
  })

  it("declares every package that its bundle imports, and asks nothing to be built by its user", () => {
    const { dependencies = {}, scripts = {} } = manifest()
    const names = paths().filter((path) => /^dist\/.*\.js$/.test(path)).flatMap(imported)
    const unused = "kerberos" // https-proxy-agent would load it for Negotiate, which nobody asks it for
    const missing = names.filter((name) => !isBuiltin(name) && name !== unused && dependencies[name] === undefined)
    expect(names).toContain("@parcel/watcher")
    expect([...new Set(missing)]).toEqual([])
    expect(Object.keys(scripts).filter((name) => /^(?:pre|post)?install$/.test(name))).toEqual([])
  })

  it("is installed into the agent's folder and into no other, with its program and examples executable", () => {
    expect(readFileSync(join(user.folder, "package.json"), "utf8")).toBe("{}")
    expect(existsSync(join(user.folder, "node_modules"))).toBe(false)
    for (const path of ["dist/main.js", "dist/bin/agentcom-sidecar", "examples/wake.sh"]) {
      expect(statSync(join(user.root, path)).mode & 0o111).not.toBe(0)
    }
  })
})

describe("in an empty folder, with nothing but the tarball, npx agentcom-sidecar", () => {
  /** What a command prints, which has to end well. */
  const npx = (args: string) => Effect.promise(() => done(user.user, `npx agentcom-sidecar ${args}`))

  it.live("sets an agent up, checks it, and works off a task", () =>
    Effect.gen(function*() {
      const hub = yield* start(user.user, ["dev-hub", "--port", "0"])
      const http = yield* hub.says(/"http":"([^"]+)"/)
      const hub_url = `${http.replace("http", "ws")}/ws`
      const made = yield* npx(`init --yes --type script --agent-id packed --hub-url ${hub_url}`)
      expect(made).toContain(" Next: npx agentcom-sidecar doctor ")
      user.copy("examples/wake.sh", "wake.sh")
      yield* npx("doctor")

      const sidecar = yield* start(user.user, ["run"])
      yield* sidecar.says(/"identified"/)
      const { token }: { readonly token: string } = JSON.parse(readFileSync(join(user.user, "config.json"), "utf8"))
      const asked = (path: string, body?: object) =>
        Effect.promise(async (): Promise<{ readonly task_id?: string; readonly status: string }> => {
          const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
          const response = await fetch(`${http}${path}`, { ...init, headers: { Authorization: `Bearer ${token}` } })
          return JSON.parse(await response.text())
        })
      const { task_id = "" } = yield* asked("/api/tasks", { description: "say hello" })
      yield* sidecar.says(/"report_acknowledged"/)
      while ((yield* asked(`/api/tasks/${task_id}`)).status !== "completed") yield* Effect.promise(() => wait(20))
      expect(yield* npx("status")).toMatch(/tasks completed 1\b/)
      expect(yield* npx(`logs --task ${task_id}`)).toContain("complete")
      yield* npx("drain")
      expect(yield* sidecar.ended).toBe(exitCodes.stopped)
    }))
})

describe("a Node.js that is too old", () => {
  const pretended = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})"
  /** This one with another number, and an old one of this machine, if there is one. */
  const old = (): ReadonlyArray<ReadonlyArray<string>> => {
    const { status, stdout } = spawnSync("/usr/bin/node", ["--version"], { encoding: "utf8" })
    const [, major = 99] = /^v(\d+)/.exec(status === 0 ? stdout : "") ?? []
    return [[process.execPath, "--import", pretended], ...Number(major) < 22 ? [["/usr/bin/node"]] : []]
  }

  it("is told so in one sentence, and the exit code says that a restart would mend nothing", () => {
    for (const [node = "", ...args] of old()) {
      const program = join(user.root, "dist", "main.js")
      const { status, stderr, stdout } = spawnSync(node, [...args, program, "run"], {
        encoding: "utf8",
        env: environment
      })
      expect(status).toBe(exitCodes.configuration)
      expect(stdout).toBe("")
      expect(stderr).toMatch(/^agentcom-sidecar needs Node\.js \^22\.22\.2 \|\| [^;\n]+; this is \d+\.[\d.]+\.\n$/)
    }
  })
})

/** The lines of the demo that tell what came of the messages, and of the sidecars. */
const shownByTheDemo = [
  /^question +1 +\S+ s {2}completed ✓$/m,
  /^broadcasts at once +10 {2}1 with 10 ✓$/m,
  /^while the helper was away +1 {2}1 with 1 ✓$/m,
  /^Both sidecars stopped with exit code 0; /m
]

describeWith("oldest node", `Node.js ${oldestNode}, the oldest that package.json names`, () => {
  it("runs the demo", async () => {
    const printed = await done(user.user, `"${fetchOldestNode()}" node_modules/agentcom-sidecar/dist/main.js demo`)
    for (const line of shownByTheDemo) expect(printed).toMatch(line)
    expect(printed).not.toContain("✗")
  })
})

describe("npm pack", () => {
  it("without the development packages says in one sentence what to do", async () => {
    const { folder, remove, repository } = makeRepository()
    try {
      const { code, errors, output } = await run(repository, "npm pack --pack-destination ..")
      expect(code).not.toBe(0)
      expect((errors + output).split("\n")).toContainEqual(
        expect.stringContaining(
          `agentcom-sidecar cannot be built here, as esbuild is not installed: run npm ci in ${
            realpathSync(repository)
          } first`
        )
      )
      expect(readdirSync(folder)).toEqual(["package.json", "repository"])
    } finally {
      remove()
    }
  })
})
