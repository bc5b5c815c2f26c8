import { describe, expect, test } from "vitest"
import { agentNamed, agentNames, agentOf } from "../../src/exec/agents/agents.ts"

describe("the agent of a command", () => {
  test.each<[program: string, agent: string | null]>([
    ["claude", "claude"],
    ["/home/ann/.local/bin/claude", "claude"],
    ["./codex", "codex"],
    ["gemini.cmd", "gemini"],
    ["opencode.exe", "opencode"],
    ["claude-wrapper", null],
    ["my.claude", null],
    ["python3", null],
    ["", null]
  ])("is known by the name of its program: %s → %s", (program, agent) => {
    expect(agentOf([program, "claude"])?.name ?? null).toBe(agent)
  })

  test("is known for each of them", () => {
    expect(agentNames).toEqual(["claude", "codex", "copilot", "gemini", "openclaw", "opencode", "qwen"])
    for (const name of agentNames) expect(agentOf([name])).toBe(agentNamed(name))
  })
})

describe("its arguments, so that it prints what we read", () => {
  const json = ["--output-format", "stream-json"]
  test.each<[agent: string, given: ReadonlyArray<string>, readable: ReadonlyArray<string>]>([
    ["claude", ["-p"], ["-p", ...json, "--verbose"]],
    ["claude", ["-p", "--output-format", "text"], ["-p", ...json, "--verbose"]],
    ["claude", ["--output-format=json", "-p", "--verbose"], [...json, "-p", "--verbose"]],
    ["claude", ["-p", "--", "{prompt}"], ["-p", ...json, "--verbose", "--", "{prompt}"]],
    ["codex", ["exec", "-"], ["exec", "-", "--json"]],
    ["codex", ["exec", "--json", "-"], ["exec", "--json", "-"]],
    ["copilot", [], ["--output-format", "json"]],
    ["gemini", ["-o", "json", "--skip-trust"], [...json, "--skip-trust"].toSpliced(2, 0)],
    ["gemini", [], json],
    ["openclaw", ["agent", "--json"], ["agent", "--json"]],
    ["opencode", ["run"], ["run", "--format", "json"]],
    ["qwen", ["--output-format"], json]
  ])("%s %j → %j", (agent, given, readable) => {
    expect(agentNamed(agent)?.readable(given)).toEqual(readable)
  })
})
