import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { type Invocation, parse } from "../../src/cli/cli.ts"
import { commands, optionsOf } from "../../src/cli/commands.ts"
import { helpOf } from "../../src/cli/help.ts"
import { nodeProblem } from "../../src/cli/nodeVersion.ts"
import { inOneLine } from "../../src/cli/readable.ts"
import { exitCodes } from "../../src/exitCodes.ts"

const parsed = (line: string): Invocation => parse(line.split(" ").filter((word) => word !== ""))

describe("the command line", () => {
  it("runs the sidecar if it names no command", () => {
    expect(parsed("")).toEqual({ _tag: "Run", command: "run", options: {} })
    expect(parsed("run")).toEqual(parsed(""))
  })

  it("takes an option before or after the command, with a space or an equals sign; the last counts", () => {
    const expected = { _tag: "Run", command: "run", options: { config: "a.json" } }
    for (
      const line of ["--config a.json", "run --config=a.json", "--config a.json run", "--config b --config a.json"]
    ) {
      expect(parsed(line)).toEqual(expected)
    }
    expect(parsed("dev-hub --port 0 --time-scale=60")).toEqual({
      _tag: "Run",
      command: "dev-hub",
      options: { port: "0", "time-scale": "60" }
    })
  })

  it("asks for help or the version anywhere", () => {
    for (const line of ["--help", "-h", "nonsense -h"]) expect(parsed(line)).toEqual({ _tag: "Help", command: null })
    for (const line of ["dev-hub --help", "-h dev-hub", "dev-hub --port -h"]) {
      expect(parsed(line)).toEqual({ _tag: "Help", command: "dev-hub" })
    }
    expect(parsed("--dry-run x --help")).toEqual({ _tag: "Help", command: "dry-run" })
    for (const line of ["--version", "-v", "run -v"]) expect(parsed(line)).toEqual({ _tag: "Version" })
  })

  it("takes the command of exec from behind --, unchanged", () => {
    const expected = { _tag: "Run", command: "exec", options: {}, rest: ["agent", "--help", "--", "-p", "{prompt}"] }
    expect(parsed("exec -- agent --help -- -p {prompt}")).toEqual(expected)
    expect(parsed("exec --json --progress -- x")).toEqual({
      _tag: "Run",
      command: "exec",
      options: { json: "", progress: "" },
      rest: ["x"]
    })
    expect(parsed("exec --help")).toEqual({ _tag: "Help", command: "exec" })
  })

  const sends: ReadonlyArray<readonly [line: string, options: object, text: string]> = [
    ["send --to a hi", { to: "a" }, "hi"],
    ["send --to a -", { to: "a" }, "-"],
    ["send --all -- -5", { all: "" }, "-5"],
    ["send --room --type alert hi", { room: "", type: "alert" }, "hi"],
    ["send --to a --wait hi", { to: "a", wait: "" }, "hi"],
    ["send --to a --wait 5 hi", { to: "a", wait: "5" }, "hi"],
    ["send hi --wait --to a", { to: "a", wait: "" }, "hi"]
  ]
  it.each(sends)("takes the text of: %s", (line, options, text) => {
    expect(parsed(line)).toEqual({ _tag: "Run", command: "send", options, rest: [text] })
  })

  const misuses: ReadonlyArray<readonly [line: string, problem: string]> = [
    ["send --to a", "send needs a text, or - to read it from standard input"],
    ["send --to a two words", "send takes one text: put it in quotes"],
    ["send --json hi", "--json is not an option of send"],
    ["inbox now", "inbox takes no argument now"],
    ["rnu", "there is no command rnu; did you mean run?"],
    ["devhub", "there is no command devhub; did you mean dev-hub?"],
    ["constructor", "there is no command constructor"],
    ["run now", "run takes no argument now"],
    ["--confg x", "there is no option --confg; did you mean --config?"],
    ["-x", "there is no option -x"],
    ["--config", "--config needs a value"],
    ["--config=", "--config needs a value"],
    ["--config --port 1", "--config needs a value"],
    ["--help=1", "--help takes no value"],
    ["exec", "exec needs -- and the command that it runs"],
    ["exec --", "exec needs -- and the command that it runs"],
    ["exec agent", "exec takes its command behind --, as in exec -- agent"],
    ["exec --config x -- agent", "--config is not an option of exec"],
    ["exec --json=1 -- agent", "--json takes no value"],
    ["completion", "completion needs one of bash, zsh, fish, powershell, -"],
    ["completion bash zsh", "completion takes no argument zsh"],
    ["completion bash --json", "--json is not an option of completion"],
    ["run -- now", "run takes no argument now"],
    ["run --port 1", "--port is not an option of run"],
    ["dev-hub --config x", "--config is not an option of dev-hub"]
  ]
  it.each(misuses)("is misused by: %s", (line, problem) => {
    expect(parsed(line)).toEqual({ _tag: "Misused", problem })
  })
})

describe("the help", () => {
  it("names every command, option and exit code in use", () => {
    const help = helpOf(null)
    for (const [name, command] of Object.entries(commands)) {
      expect(help).toContain(`\n  ${name} `)
      for (const option of optionsOf(command)) expect(help).toContain(`\n    --${option} `)
    }
    const { notARecording: _, refused: __, ...shown } = exitCodes
    for (const code of Object.values(shown)) expect(help).toMatch(new RegExp(`\\b${code} `))
  })

  it("of one command has only its part", () => {
    const help = helpOf("status")
    expect(help).toContain(
      "\n  status               shows what the sidecar of the folder does; if none runs, what its state file holds\n    --config FILE "
    )
    expect(help).not.toContain("\n  run ")
  })

  it("fits into a terminal of 120 columns", () => {
    for (const line of helpOf(null).split("\n")) expect(line.length).toBeLessThan(120)
  })
})

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly engines?: { readonly node?: string } }>
  >
}

const { engines: { node: engines } } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly engines: { readonly node: string }
}

interface Semver {
  readonly satisfies: (version: string, range: string) => boolean
  readonly subset: (one: string, other: string) => boolean
}
const { satisfies, subset }: Semver = createRequire(import.meta.url)("semver")

describe("a Node.js", () => {
  it("that package.json does not allow gets one sentence, with the range of package.json", () => {
    expect(nodeProblem("20.20.2", engines)).toBe(`agentcom-sidecar needs Node.js ${engines}; this is 20.20.2.`)
  })

  const fit = ["22.22.2", "24.15.0", "26.0.0", "22.23.0", "24.21.0", "26.1.3", "100.0.0"]
  const unfit = ["18.0.0", "22.19.0", "22.22.1", "23.11.0", "24.14.9", "25.9.0", "26.0.0-nightly20260101"]
  it.each(fit)("of version %s fits", (version) => {
    expect(nodeProblem(version, engines)).toBeUndefined()
    expect(satisfies(version, engines)).toBe(true)
  })

  it.each(unfit)("of version %s does not", (version) => {
    expect(nodeProblem(version, engines)).toMatch(/needs Node/)
    expect(satisfies(version, engines)).toBe(false)
  })

  it("that fits one of ours fits every package that is installed with us", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lockfile
    const needs = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true)
      .flatMap(([path, { engines: theirs }]) => theirs?.node === undefined ? [] : [[path, theirs.node] as const])
    expect(needs.length).toBeGreaterThan(3)
    expect(needs.filter(([, range]) => !subset(engines, range))).toEqual([])
  })
})

describe("an unforeseen error", () => {
  it("is shown in one line with its causes", () => {
    const root = new TypeError("x is not a function\n  a second line")
    expect(inOneLine(new Error("cannot", { cause: root }))).toBe(
      "Error: cannot, caused by TypeError: x is not a function"
    )
    expect(inOneLine("a string")).toBe("a string")
    expect(inOneLine(new RangeError())).toBe("RangeError")
  })

  it("that is its own cause is shown too", () => {
    const error = new Error("round")
    error.cause = error
    expect(inOneLine(error).length).toBeLessThan(200)
  })
})
