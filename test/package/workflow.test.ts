import { describe, expect, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { oldestNode } from "../support/oldestNode.ts"

interface Job {
  readonly strategy: {
    readonly matrix: { readonly os: ReadonlyArray<string>; readonly node: ReadonlyArray<number | string> }
  }
  readonly "runs-on": string
  readonly "timeout-minutes": number
  readonly steps: ReadonlyArray<{ readonly uses?: string; readonly run?: string; readonly if?: string }>
}

const { load }: { readonly load: (text: string) => { readonly jobs: Readonly<Record<string, Job>> } } = createRequire(
  import.meta.url
)("js-yaml")

const { jobs } = load(readFileSync(".github/workflows/ci.yml", "utf8"))

const runs = ({ steps }: Job): ReadonlyArray<string> => steps.flatMap(({ run = "" }) => run.split("\n"))

describe("the workflow for the world outside", () => {
  it("runs every job on Ubuntu, Windows and macOS with each Node.js that is supported", () => {
    for (const job of Object.values(jobs)) {
      expect(job.strategy.matrix).toEqual({
        os: ["ubuntu-latest", "windows-latest", "macos-latest"],
        node: [oldestNode, 24, 26]
      })
      expect(job["runs-on"]).toBe("${{ matrix.os }}")
      expect(job["timeout-minutes"]).toBeGreaterThan(0)
      for (const step of job.steps) expect([step.uses, step.run].filter((what) => what !== undefined)).toHaveLength(1)
    }
  })

  it("runs what has to pass before anything lands, with the Node.js of the matrix", () => {
    const commands = readFileSync(".ci/run", "utf8").split("\n").filter((line) => /^(?:npm |node_modules)/.test(line))
      .map((line) => line.replace("node_modules/.bin/node ", "node "))
    expect(commands.length).toBeGreaterThan(5)
    const done = new Set(Object.values(jobs).flatMap(runs))
    expect(commands.filter((command) => !done.has(command))).toEqual([])
  })

  it("names only scripts and folders that there are", () => {
    const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
      readFileSync("package.json", "utf8")
    )
    for (const command of Object.values(jobs).flatMap(runs)) {
      const [, script] = /^npm (?:run )?(\w+)/.exec(command) ?? []
      if (script !== undefined && !["ci", "pack", "install"].includes(script)) expect(scripts).toHaveProperty(script)
      for (const [folder] of command.matchAll(/\btest\/\w+/g)) expect(existsSync(folder)).toBe(true)
    }
  })
})
