import { basename, win32 } from "node:path"
import { platform } from "../../platform.ts"
import type { AgentProgram } from "./AgentProgram.ts"
import { claude } from "./claude.ts"
import { codex } from "./codex.ts"
import { copilot } from "./copilot.ts"
import { gemini } from "./gemini.ts"
import { openclaw } from "./openclaw.ts"
import { opencode } from "./opencode.ts"
import { qwen } from "./qwen.ts"

const agents: ReadonlyArray<AgentProgram> = [claude, codex, copilot, gemini, openclaw, opencode, qwen]

export const agentNames: ReadonlyArray<string> = agents.map(({ name }) => name)

export const agentNamed = (name: string): AgentProgram | undefined => agents.find((agent) => agent.name === name)

/** The agent whose program a command runs, by the name of its executable; null for a program that we know nothing of. */
export const agentOf = ([program = ""]: ReadonlyArray<string>): AgentProgram | null => {
  const file = platform === "windows" ? win32.basename(program).toLowerCase() : basename(program)
  return agentNamed(file.replace(/\.(?:cmd|exe|ps1)$/, "")) ?? null
}
