import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import { commandOptions, commands, optionsOf } from "../../src/cli/commands.ts"
import { complete, type OptionSpec, scripts, type Spec } from "../../src/cli/completion.ts"
import { configFlags } from "../../src/config/keys.ts"
import { describeWith, itWith } from "../support/needs.ts"

const plain = (name: string): OptionSpec => ({ name, takesValue: false, choices: [] })
const valued = (name: string, choices: ReadonlyArray<string> = []): OptionSpec => ({ name, takesValue: true, choices })
const none = { choices: [], takesFiles: false, takesCommand: false }

const spec: Spec = {
  byDefault: "go",
  commands: [
    { ...none, name: "go", options: [valued("--file"), valued("--kind", ["cat", "cow", "dog"])] },
    { ...none, name: "read", options: [valued("--read"), plain("--fast")], takesFiles: true },
    { ...none, name: "wrap", options: [plain("--json")], takesCommand: true },
    { ...none, name: "say", options: [plain("--loud")], choices: ["yes", "no"] }
  ]
}

const rows: ReadonlyArray<readonly [what: string, line: ReadonlyArray<string>, candidates: ReadonlyArray<string>]> = [
  ["the commands first", [""], ["go", "read", "wrap", "say"]],
  ["a command that was begun", ["wr"], ["wrap"]],
  ["the options of the default command where none is named", ["--"], ["--file", "--kind"]],
  ["the options of the command", ["say", "-"], ["--loud"]],
  ["the options at once where the command has nothing else", ["go", ""], ["--file", "--kind"]],
  ["the choices of an argument", ["say", "y"], ["yes"]],
  ["no second argument", ["say", "yes", ""], []],
  ["the choices of an option's value", ["go", "--kind", "c"], ["cat", "cow"]],
  ["them behind an equals sign too", ["go", "--kind=c"], ["--kind=cat", "--kind=cow"]],
  ["them as bash splits that", ["go", "--kind", "=", "c"], ["cat", "cow"]],
  ["them as bash splits that with nothing begun", ["go", "--kind", "="], ["cat", "cow", "dog"]],
  ["what follows an address as bash splits that", ["--file", "ws", ":", "//h:4000/ws", "--k"], ["--kind"]],
  ["what follows an address of IPv6", ["--file", "ws", ":", "//[", "::", "1]", "--k"], ["--kind"]],
  ["file names where the value may be anything", ["go", "--file", ""], []],
  ["what follows a value, whatever that was", ["go", "--file", "say", "--k"], ["--kind"]],
  ["the command behind an option", ["--file", "x", "sa"], ["say"]],
  ["file names for a command that takes files", ["read", "x", ""], []],
  ["the options of a command that is named by an option", ["--read", "x", "--f"], ["--fast"]],
  ["the dashes before the command of another program", ["wrap", ""], ["--json", "--"]],
  ["nothing of ours behind them", ["wrap", "--", "wrap", ""], []],
  ["nothing for a command that is not there", ["sya", ""], []]
]

describe("the completion offers", () => {
  it.each(rows)("%s", (_, line, candidates) => {
    expect(complete(spec, line)).toEqual(candidates)
  })
})

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-completion-"))
  const program = join(folder, "agentcom-sidecar")
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve("dist/main.js")}' "$@"\n`)
  chmodSync(program, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const shell = (name: string, args: ReadonlyArray<string>) =>
  spawnSync(name, args, {
    encoding: "utf8",
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` }
  })

/** What bash makes of the tab key behind each line, whose words are separated by single spaces. */
const tabbed = (lines: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const script = `
    eval "$(agentcom-sidecar completion bash)"
    complete -p agentcom-sidecar | grep -q -- '-o default' || exit 3
    completer=$(complete -p agentcom-sidecar | sed -E 's/.*-F ([^ ]+) .*/\\1/')
    for line in "$@"; do
      IFS=' ' read -r -a COMP_WORDS <<< "$line"
      [[ $line == *' ' ]] && COMP_WORDS+=("")
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      "$completer" "\${COMP_WORDS[0]}" "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
      echo "\${COMPREPLY[*]}"
    done`
  const { status, stderr, stdout } = shell("bash", ["-c", script, "bash", ...lines])
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  return stdout.split("\n").slice(0, -1).map((line) => line.split(" ").filter((word) => word !== ""))
}

describeWith("bash", "bash", () => {
  it("completes every command, with every option that it takes", () => {
    const names = Object.keys(commands)
    const [first, ...rest] = tabbed(["agentcom-sidecar ", ...names.map((name) => `agentcom-sidecar ${name} -`)])
    expect(first).toEqual(names)
    const expected = Object.values(commands).map((command) => [
      ...optionsOf(command).map((option) => `--${option}`),
      ...command.takesSettings === true ? configFlags.map((flag) => `--${flag}`) : [],
      ...["--help", "--version"],
      ...command.takesCommand === true ? ["--"] : []
    ])
    expect(rest).toEqual(expected)
    const offered = new Set(rest.flat())
    expect(Object.keys(commandOptions).filter((option) => !offered.has(`--${option}`))).toEqual([])
  })

  it("completes what an option or an argument may be", () => {
    const lines = [
      "init --type c",
      "run --wake-command-blocks ",
      "completion ",
      "--dry-run a.rec --h",
      "status --config "
    ]
    expect(tabbed(lines.map((line) => `agentcom-sidecar ${line}`))).toEqual([
      ["claude", "codex", "copilot"],
      ["true", "false"],
      Object.keys(scripts),
      ["--html", "--help"],
      []
    ])
  })
})

describe("the script of", () => {
  it.each(Object.keys(scripts))("%s is printed, and asks the program for the words", (name) => {
    const { status, stdout } = shell("agentcom-sidecar", ["completion", name])
    expect(status).toBe(0)
    expect(stdout).toMatch(/ completion - 2> ?(?:\/dev\/null|\$null)/)
    expect(stdout).toContain("agentcom-sidecar")
  })

  const shells = ["bash", "zsh", "fish"] as const

  it.each(shells)("%s is plain text", (name) => {
    expect(scripts[name]).toMatch(/^[\n\t\x20-\x7e]+$/)
  })

  for (const name of shells) {
    itWith(name, `${name} is taken by that shell`, () => {
      const file = join(folder, `completion.${name}`)
      writeFileSync(file, scripts[name])
      expect(shell(name, ["-n", file])).toMatchObject({ status: 0, stderr: "" })
    })
  }

  itWith("pwsh", "powershell is taken by that shell", () => {
    const parse = `[void][scriptblock]::Create([Console]::In.ReadToEnd())`
    const { status } = spawnSync("pwsh", ["-NoProfile", "-Command", parse], { input: scripts.powershell })
    expect(status).toBe(0)
  })

  it("powershell has its brackets in pairs", () => {
    const open: Array<string> = []
    const closes: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" }
    for (const sign of scripts.powershell.replaceAll(/'[^']*'/g, "")) {
      if ("([{".includes(sign)) open.push(sign)
      if (sign in closes) expect(open.pop()).toBe(closes[sign])
    }
    expect(open).toEqual([])
  })

  it("another shell is refused in one sentence that names those there are", () => {
    const { status, stderr } = shell("agentcom-sidecar", ["completion", "tcsh"])
    expect(status).toBe(2)
    expect(stderr).toBe(
      "agentcom-sidecar: completion needs one of bash, zsh, fish, powershell, - (see agentcom-sidecar --help)\n"
    )
  })
})
