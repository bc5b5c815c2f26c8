import { describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")

interface SourceFile {
  readonly path: string // from the root of the project, with slashes
  readonly text: string
  readonly imports: ReadonlyArray<string> // as written; relative ones as the path from the root
}

const importPattern = /^(?:import|export)\s(?:[^"`]*?\sfrom\s)?"([^"]+)"|\bimport\("([^"]+)"\)/gm

const load = (path: string): SourceFile => {
  const text = readFileSync(join(root, path), "utf8")
  const imports = [...text.matchAll(importPattern)]
    .map(([, fixed, dynamic]) => fixed ?? dynamic ?? "")
    .map((name) => name.startsWith(".") ? slashes(relative(root, resolve(root, dirname(path), name))) : name)
  return { path, text, imports }
}

const slashes = (path: string): string => path.replaceAll("\\", "/")

const filesIn = (folder: string): ReadonlyArray<SourceFile> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => slashes(join(folder, name)))
    .filter((path) => path.endsWith(".ts"))
    .map(load)

const src = filesIn("src")
const test = filesIn("test")

/** `domain` for src/domain/agent/wake.ts, `limits.ts` for src/limits.ts. */
const zoneOf = (path: string): string => path.split("/")[1] ?? ""
const isOurs = (name: string): boolean => /^(?:src|test)\//.test(name)

/** What any zone may import: files that hold constants only. */
const everywhere: ReadonlySet<string> = new Set(["exitCodes.ts", "limits.ts", "platform.ts", "version.ts"])

/** Which other zones each zone may import. A zone that is missing here may import no other zone. */
const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  domain: [],
  text: [],
  protocol: ["domain", "text"],
  services: ["domain"],
  actor: ["services", "domain"],
  secrets: ["domain"],
  config: ["domain", "process", "hub"],
  storage: ["domain", "services", "text"],
  process: ["domain", "secrets", "storage"],
  agent: ["config", "domain", "process", "secrets", "services", "storage", "text"],
  hub: ["domain", "protocol", "secrets", "services", "storage", "text"],
  replay: ["actor", "domain", "protocol", "services", "text"],
  observe: ["domain", "hub", "replay", "services", "storage", "text"],
  layers: ["agent", "config", "domain", "hub", "observe", "process", "secrets", "services", "storage", "text"],
  exec: ["domain", "process", "secrets", "storage", "text"],
  doctor: ["agent", "config", "domain", "hub", "observe", "process", "secrets", "storage", "text"],
  dev: ["hub", "text"],
  "Sidecar.ts": ["layers", "config", "services"],
  cli: [
    "Sidecar.ts",
    "actor",
    "agent",
    "config",
    "dev",
    "doctor",
    "domain",
    "exec",
    "hub",
    "observe",
    "replay",
    "secrets",
    "services",
    "storage",
    "text"
  ],
  "main.ts": ["cli"]
}

const violations = (files: ReadonlyArray<SourceFile>, isWrong: (name: string, file: SourceFile) => boolean) =>
  files.flatMap((file) =>
    file.imports.filter((name) => isWrong(name, file)).map((name) => `${file.path} imports ${name}`)
  )

/** The effect modules without side effects. */
const pure = new Set(
  [
    "Array Boolean Brand Data Equal Equivalence Function HashMap HashSet Match Number Option Order Predicate Record",
    "Result Schema SchemaGetter SchemaIssue String Struct Tuple Types"
  ].flatMap((names) => names.split(" ").map((name) => `effect/${name}`))
)

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "")

const lines = (text: string): number => text.split("\n").length - 1

describe("the imports of src", () => {
  it("run one way between its folders", () => {
    const isWrong = (name: string, { path }: SourceFile) =>
      name.startsWith("src/") && zoneOf(name) !== zoneOf(path) && !everywhere.has(zoneOf(name)) &&
      !(allowed[zoneOf(path)] ?? []).includes(zoneOf(name))
    expect(violations(src, isWrong)).toEqual([])
  })

  it("never reach test, nor anything else outside src", () => {
    const isWrong = (name: string) =>
      /^\.\.|^\//.test(name) || (!name.startsWith("src/") && /^[a-z]+\/.*\.ts$/.test(name))
    expect(violations(src, isWrong)).toEqual([])
  })

  it("bring into the domain nothing but itself, the limits and effect's pure modules", () => {
    const domain = src.filter(({ path }) => zoneOf(path) === "domain")
    expect(violations(domain, (name) => !isOurs(name) && !pure.has(name))).toEqual([])
  })

  it("bring no Node.js module into what only describes: domain, protocol, services and actor", () => {
    const abstract = src.filter(({ path }) => ["domain", "protocol", "services", "actor"].includes(zoneOf(path)))
    expect(violations(abstract, (name) => !isOurs(name) && !name.startsWith("effect/"))).toEqual([])
  })

  it("let only the command line use the development hub and the replay", () => {
    const isWrong = (name: string, { path }: SourceFile) =>
      ["dev", "replay"].includes(zoneOf(name)) && isOurs(name) && ![zoneOf(name), "cli"].includes(zoneOf(path)) &&
      !path.startsWith("src/observe/record/")
    expect(violations(src, isWrong)).toEqual([])
  })

  it("load on an old Node.js what says that it is too old", () => {
    const entry = load("src/main.ts")
    const fixed = [...entry.text.matchAll(/^import .*"(.*)"/gm)].map(([, name]) => name)
    expect(fixed).toEqual(["./cli/nodeVersion.ts", "./exitCodes.ts"])
    expect(["src/cli/nodeVersion.ts", "src/exitCodes.ts"].flatMap((path) => load(path).imports)).toEqual([])
  })
})

describe("the layers", () => {
  it("never import each other: each is one service over the libraries beside it", () => {
    const layers = src.filter(({ path }) => zoneOf(path) === "layers")
    expect(violations(layers, (name) => name.startsWith("src/layers/"))).toEqual([])
  })
})

describe("every file", () => {
  it("imports effect and its platform by module, never by barrel", () => {
    const barrel = /^(?:effect|@effect\/platform-node(?:-shared)?)(?:\/index)?$/
    expect(violations([...src, ...test], (name) => barrel.test(name))).toEqual([])
  })

  it("under src has less than 300 lines, main.ts at most 40", () => {
    expect(src.filter(({ text }) => lines(text) >= 300).map(({ path }) => path)).toEqual([])
    expect(lines(load("src/main.ts").text)).toBeLessThanOrEqual(40)
  })
})

describe("the source takes", () => {
  /** Files that may, each with the reason. */
  const exceptions: Readonly<Record<string, string>> = {
    "src/dev/demo/agentScript.ts": "the text of a script that runs in a process of its own",
    "src/process/launcher.ts": "the text of a script that runs in a process of its own"
  }
  const users = (pattern: RegExp, apart: ReadonlyArray<string> = []) =>
    src.filter(({ path, text }) =>
      pattern.test(withoutComments(text)) && !apart.includes(path) && exceptions[path] === undefined
    ).map(({ path }) => path)

  it("time only from Effect's Clock", () => {
    expect(users(/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bhrtime\b/)).toEqual([])
    expect(users(/\b(?:setTimeout|setInterval|setImmediate)\b|node:timers/)).toEqual([])
  })

  it("randomness only from Effect's Random and SecureRandom", () => {
    expect(users(/\bMath\.random\b|\brandomUUID\b|\brandomBytes\b.* from "node:crypto"|\bgetRandomValues\b/)).toEqual(
      []
    )
  })

  it("the platform only from platform.ts", () => {
    expect(
      users(/\bprocess\.platform\b|\bplatform: \w+ } = process|\bos\.platform\b|\bplatform\(\)/, ["src/platform.ts"])
    )
      .toEqual([])
  })

  it("no log but the Logger's, the development hub aside", () => {
    expect(users(/\bconsole\.|\bEffect\.log/).filter((path) => zoneOf(path) !== "dev")).toEqual([])
  })
})
